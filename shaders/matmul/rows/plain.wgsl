// The rows of x as they are; past the last, the last again.

fn begin_rows(thread: u32) {
}

fn load_x(row: u32, i: u32) -> vec4f {
  return x[min(row, params.rows - 1) * (params.k / 4) + i];
}
