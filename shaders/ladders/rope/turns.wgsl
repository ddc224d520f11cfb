// Rotary position embedding, angles in turns:  (y₁, y₂) = (x₁ · cos φ - x₂ · sin φ, x₂ · cos φ + x₁ · sin φ)
//
// As ladders/rope/angles, but φ keeps its digits: turns has, of each pair, how far one position turns it, in whole
// turns. The first number has 8 bits, so that its product with a position below 65,536 is exact and whole turns can be
// taken off; the second is the rest. What is left is at most half a turn, where WGSL says what a cosine is. Requests 2
// reads and 2 writes a pair, and its turns.

const WORKGROUP: u32 = 64;
const TURN: f32 = 6.2831855;  // 2π

struct Params { t: u32, h: u32, d: u32, start: u32 }  // start: position of the first token

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [t, h, d]
@group(0) @binding(1) var<storage, read> turns: array<vec2f>;  // [d / 2]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [t, h, d]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let pairs = params.d / 2;
  if (thread.x >= params.t * params.h * pairs) { return; }
  let i = thread.x % pairs;
  let head = thread.x / pairs;  // of all heads of all tokens
  let position = f32(params.start + head / params.h);

  let turn = turns[i];
  let exact = position * turn.x;
  let turned = exact - round(exact) + position * turn.y;
  let angle = (turned - round(turned)) * TURN;
  let cosine = cos(angle);
  let sine = sin(angle);
  let first = head * params.d + i;
  let second = first + pairs;
  let one = x[first];
  let other = x[second];
  y[first] = one * cosine - other * sine;
  y[second] = other * cosine + one * sine;
}
