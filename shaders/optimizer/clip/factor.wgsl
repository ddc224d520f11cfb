// with: lib/numbers/not-finite
// Gradients times the factor that optimizer/norm has found. Where their norm is not finite there is no step at all.

@group(0) @binding(6) var<storage, read> clip: array<f32>;  // the norm of all gradients, and the factor

fn clip_factor() -> f32 {
  return clip[1];
}

fn takes_step() -> bool {
  return !not_finite(vec4f(clip[0]));
}
