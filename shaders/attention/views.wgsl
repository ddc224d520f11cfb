// Where the rows of q [b, h, t, d], k [b, g, s, d] and v [b, g, s, dv] begin, in elements. All three are views: q of a
// projection's output [b, t, h, d], k and v of a cache with more rows than are used.

struct Views {
  q_first: u32, q_batch: u32, q_head: u32, q_token: u32,
  k_first: u32, k_batch: u32, k_head: u32, k_token: u32,
  v_first: u32, v_batch: u32, v_head: u32, v_token: u32,
}

@group(0) @binding(6) var<uniform> views: Views;

fn q_row(b: u32, h: u32, t: u32) -> u32 {
  return views.q_first + b * views.q_batch + h * views.q_head + t * views.q_token;
}

fn k_row(b: u32, g: u32, key: u32) -> u32 {
  return views.k_first + b * views.k_batch + g * views.k_head + key * views.k_token;
}

fn v_row(b: u32, g: u32, key: u32) -> u32 {
  return views.v_first + b * views.v_batch + g * views.v_head + key * views.v_token;
}
