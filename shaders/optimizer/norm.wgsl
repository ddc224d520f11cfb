// with: lib/reduce, lib/numbers/not-finite
// The norm of all gradients, and the factor that clips them:  norm = sqrt(sum(squares)), min(1, max_norm / (norm + 1e-6))
//
// Squares are those of optimizer/squares. One workgroup. PyTorch's clip_grad_norm_ also always multiplies, so that
// nothing waits for the norm. A norm that is not finite is counted: optimizers take no step then.

const WORKGROUP: u32 = 64;

struct Params { n: u32, max_norm: f32 }

@group(0) @binding(0) var<storage, read> squares: array<f32>;              // [n]
@group(0) @binding(1) var<storage, read_write> clip: array<f32>;           // [2], norm and factor
@group(0) @binding(2) var<storage, read_write> skipped: array<u32>;        // [1]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < params.n; i += WORKGROUP) {
    sum += squares[i];
  }
  sum = workgroup_sum(sum, thread);
  if (thread > 0) { return; }
  let norm = sqrt(sum);
  clip[0] = norm;
  clip[1] = min(1.0, params.max_norm / (norm + 1e-6));
  if (not_finite(vec4f(norm))) { skipped[0] += 1; }
}
