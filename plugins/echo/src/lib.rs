/// Gives back the text it was given.
#[toolkeep_sdk::tool(read_only)]
fn echo(
    /// The text to give back.
    text: String,
) -> String {
    text
}

toolkeep_sdk::tools![echo];
