// with: attention/views
// Where a query's numbers are, in memory [b, h, t] and in the gradient of its result.

fn row_of(b: u32, h: u32, t: u32) -> u32 {
  return (batch_row(b) * params.h + h) * params.t + queries_before(b) + t;
}

// Where its row begins in dout, in vectors.
fn dout_row(b: u32, h: u32, t: u32) -> u32 {
  let token = queries_before(b) + t;
  let first = params.dout_first + batch_row(b) * params.dout_batch;
  return (first + h * params.dout_head + token * params.dout_token) / 4;
}
