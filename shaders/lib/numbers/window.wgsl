// The window of keys that a query sees along one axis (NATTEN, Hassani et al. 2023; strides: Hassani et al. 2025). It
// has the same number of keys everywhere: near the ends of the axis it is shifted, not cut. With an even number, one
// more is before the query than after it. Queries of a group of `stride` share a window, that of their middle one; in
// the causal form it ends at the query, and begins where that of the group's last query does. With a dilation, each
// residue class of positions is an axis of its own.

struct Window { length: u32, keys: u32, stride: u32, dilation: u32, causal: u32 }

// The half-open window of the query at a place of an axis with this length, without dilation.
fn window_at(window: Window, length: u32, place: u32) -> vec2u {
  let keys = min(window.keys, length);
  let group = place / window.stride * window.stride;
  if (window.causal != 0) {
    let end = min(group + window.stride, length);
    return vec2u(end - min(keys, end), place + 1);
  }
  let middle = min(group + window.stride / 2, length - 1);
  let begin = min(middle - min(keys / 2, middle), length - keys);
  return vec2u(begin, begin + keys);
}

// True if the query at position q of the axis sees the key at k.
fn window_has(window: Window, q: u32, k: u32) -> bool {
  let residue = q % window.dilation;
  if (k % window.dilation != residue) { return false; }
  let range = window_at(window, (window.length - residue - 1) / window.dilation + 1, q / window.dilation);
  return k / window.dilation >= range.x && k / window.dilation < range.y;
}

// A half-open range of positions that holds all that queries first to last see; the smallest without dilation.
fn window_range(window: Window, first: u32, last: u32) -> vec2u {
  let shortest = max(window.length / window.dilation, 1);  // of the residue classes
  let longest = (window.length - 1) / window.dilation + 1;
  let begin = window_at(window, shortest, first / window.dilation).x * window.dilation;
  let end = window_at(window, longest, last / window.dilation).y * window.dilation;
  return vec2u(begin, min(end, select(window.length, last + 1, window.causal != 0)));
}

// True if queries first to last all see keys first_key to last_key; with dilation always false.
fn window_full(window: Window, first: u32, last: u32, first_key: u32, last_key: u32) -> bool {
  return window.dilation == 1 && window_at(window, window.length, last).x <= first_key
    && last_key < window_at(window, window.length, first).y;
}
