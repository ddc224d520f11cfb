// Tokens in the order of their experts, tokens of one expert in their own order:  order[place] = token
//
// The expert of a token is floor(8 score).

const WORKGROUP: u32 = 64;
const EXPERTS: u32 = 8;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> score: array<f32>;                 // [n], from 0 to 1
@group(0) @binding(1) var<storage, read_write> order: array<u32>;           // [n]
@group(0) @binding(2) var<storage, read_write> given: array<atomic<u32>>;   // [EXPERTS], zeros at first
@group(0) @binding(3) var<uniform> params: Params;

fn expert_of(token: u32) -> u32 { return u32(score[token] * f32(EXPERTS)); }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let token = thread.x;
  if (token >= params.n) { return; }
  let own = expert_of(token);
  var before = 0u;  // tokens of experts before this one
  for (var other = 0u; other < params.n; other++) {
    if (expert_of(other) < own) { before++; }
  }
  order[before + atomicAdd(&given[own], 1)] = token;
}
