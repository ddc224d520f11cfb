// The range of keys that a user's mask returns, cut to the keys that exist.

fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let range = own_mask_key_range(b, first, last, keys);
  let end = min(range.y, keys);
  return vec2u(min(range.x, end), end);
}
