// The range of keys of a mask that defines none: all of them.

fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, keys);
}
