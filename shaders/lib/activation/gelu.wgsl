// GELU, exact:  x · Φ(x), Φ(x) = (1 + erf(x / √2)) / 2
//
// WGSL has no erf. Between ±1.5, Φ(x) = 1/2 + x·P(x²). Outside, the smaller tail is exp(-x²/2) · t·Q(t) with
// t = 1 / (1 + 0.55 |x|), and the larger is 1 minus it. P and Q are minimax fits of relative error 3e-9 and 3e-7; with
// f32 rounding erf is within 2e-7, and the left tail of GELU keeps five digits down to where it underflows.

const CENTRE: f32 = 1.5;

fn activation(x: Vector) -> Vector {
  return x * normal_distribution(x);
}

fn normal_distribution(x: Vector) -> Vector {
  let c = clamp(x, Vector(-CENTRE), Vector(CENTRE));
  let s = c * c;
  let p = 0.398942279 + s * (-0.066490335 + s * (0.00997324131 + s * (-0.00118648849 + s * (0.000114356389
    + s * (-8.71830361e-6 + s * 4.11555946e-7)))));
  let centre = 0.5 + c * p;

  let t = 1.0 / (1.0 + 0.55 * abs(x));
  let q = 0.219379955 + t * (0.220495305 + t * (0.140904231 + t * (0.0904620947 + t * (-0.335292461
    + t * 0.16980798))));
  let tail = exp(-0.5 * x * x) * t * q;

  return select(select(1.0 - tail, tail, x < Vector()), centre, abs(x) < Vector(CENTRE));
}
