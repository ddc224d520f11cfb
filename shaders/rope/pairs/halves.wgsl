// Element i of a head is rotated with element i + pairs, as Hugging Face's Llama stores heads.

fn pair_elements(i: u32) -> vec2u {
  return vec2u(i, params.pairs + i);
}

fn pair_of(element: u32) -> vec2u {
  return vec2u(element % params.pairs, element / params.pairs);
}
