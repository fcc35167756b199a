toolkeep_sdk::tools![];

fn main() {}
