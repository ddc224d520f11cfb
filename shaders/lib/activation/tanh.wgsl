// with: lib/numbers/exponential
// The hyperbolic tangent:  (1 - e) / (1 + e) with the sign of x, e = exp(-2 |x|)
//
// Near 0, where 1 - e has few digits, its series. Drivers differ in tanh of large arguments.

const SERIES_END: f32 = 0.25;

fn activation(x: Vector) -> Vector {
  let square = x * x;
  let series = x + x * square * (-1.0 / 3.0 + square * (2.0 / 15.0 + square * (-17.0 / 315.0 + square * (62.0 / 2835.0))));
  let e = exponential(-2.0 * abs(x));
  let far = (1.0 - e) / (1.0 + e);
  return select(select(far, -far, x < Vector()), series, abs(x) < Vector(SERIES_END));
}
