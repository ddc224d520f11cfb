// A user's mask under the name that kernels call. The names of its text begin with own_mask_.

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return own_mask_mask_mod(b, h, q, k);
}
