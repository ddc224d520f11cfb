// Rotary position embedding, angles computed:  (y₁, y₂) = (x₁ · cos φ - x₂ · sin φ, x₂ · cos φ + x₁ · sin φ)
//
// The first rung, straight from the formula: φ = position · 10000^(-2i / d) for pair i, whose elements are i and i + d
// / 2 of a head. It computes a power, a cosine and a sine for each pair, although all heads have the same. And φ grows
// with the position: WGSL promises nothing of the cosine of an angle beyond π, and an f32 of some thousands has only
// three digits after the point. Requests 2 reads and 2 writes a pair.

const WORKGROUP: u32 = 64;
const LOG2_BASE: f32 = 13.287712;  // of 10000

struct Params { t: u32, h: u32, d: u32, start: u32 }  // start: position of the first token

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [t, h, d]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [t, h, d]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let pairs = params.d / 2;
  if (thread.x >= params.t * params.h * pairs) { return; }
  let i = thread.x % pairs;
  let head = thread.x / pairs;  // of all heads of all tokens
  let position = params.start + head / params.h;

  let angle = f32(position) * exp2(-LOG2_BASE * f32(i) / f32(pairs));
  let cosine = cos(angle);
  let sine = sin(angle);
  let first = head * params.d + i;
  let second = first + pairs;
  let one = x[first];
  let other = x[second];
  y[first] = one * cosine - other * sine;
  y[second] = other * cosine + one * sine;
}
