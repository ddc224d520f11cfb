// Neighbouring elements of a head are rotated together, as the paper has it (Su et al. 2021, equation 34).

fn pair_elements(i: u32) -> vec2u {
  return vec2u(2 * i, 2 * i + 1);
}

fn pair_of(element: u32) -> vec2u {
  return vec2u(element / 2, element % 2);
}
