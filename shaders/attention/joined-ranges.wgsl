// Half-open ranges of keys of masks that are joined: their intersection, and the smallest range that contains both. A
// range that ends before it begins is empty.

fn both_ranges(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(max(a.x, b.x), min(a.y, b.y));
}

fn either_range(a: vec2u, b: vec2u) -> vec2u {
  if (a.x >= a.y) { return b; }
  if (b.x >= b.y) { return a; }
  return vec2u(min(a.x, b.x), max(a.y, b.y));
}
