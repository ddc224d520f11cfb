// with: lib/numbers/softcap
// Logits soft-capped to params.cap.

// The derivative, 1 - tanh², as 4e / (1 + e)² with e = exp(-2|u|): that keeps its digits where tanh is close to 1. It
// is 0 at infinities.
fn cap_slope(x: Vector) -> Vector {
  let e = exp(-2.0 * min(abs(x / params.cap), Vector(100.0)));
  return 4.0 * e / ((1.0 + e) * (1.0 + e));
}
