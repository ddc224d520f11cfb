// Every row has all t tokens.

fn row_length(row: u32) -> u32 {
  return params.t;
}
