// Tokens drawn are not counted.

fn count_token(row: u32, id: u32) {}
