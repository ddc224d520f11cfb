// The logarithm of the sum of exponentials is not stored.

fn store_lse(b: u32, h: u32, t: u32, value: f32) {}
