use toolkeep_sdk::tools;

fn not_a_tool() {}

tools![not_a_tool, missing];

fn main() {}
