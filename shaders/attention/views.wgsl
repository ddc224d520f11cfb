// with: attention/address/contiguous
// Where q [b, h, t, d], k [b, g, s, d] and v [b, g, s, dv] begin, in elements, and their strides. All three are views:
// q of a linear layer's output [b, t, h, d], k and v of a cache with more rows than are used.

struct Views {
  q_first: u32, q_batch: u32, q_head: u32, q_token: u32,
  k_first: u32, k_batch: u32, k_head: u32, k_token: u32,
  v_first: u32, v_batch: u32, v_head: u32, v_token: u32,
}

@group(0) @binding(6) var<uniform> views: Views;

fn q_row(b: u32, h: u32, t: u32) -> u32 {
  return views.q_first + batch_row(b) * views.q_batch + h * views.q_head + (queries_before(b) + t) * views.q_token;
}
