// A bias for each result of each expert: its product with the gradient of the token's result, a share of it for each
// lane.

@group(0) @binding(6) var<storage, read> dy: array<f32>;       // [tokens, c]
@group(0) @binding(7) var<storage, read> bias: array<f32>;     // [EXPERTS · c]
@group(0) @binding(8) var<storage, read> experts: array<u32>;  // [tokens, CHOICES]

fn bias_part(slot: u32, lane: u32) -> f32 {
  let token = slot / CHOICES * params.c;
  let expert = experts[slot] * params.c;
  var sum = 0.0;
  for (var i = lane; i < params.c; i += LANES) { sum += dy[token + i] * bias[expert + i]; }
  return sum;
}
