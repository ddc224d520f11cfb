// with: lib/numbers/exponential
// Softplus:  ln(1 + exp(x))
//
// It is max(x, 0) + ln(1 + e) with e = exp(-|x|), at most 1. Where e is small, 1 + e has few of its bits: so ln(1 + e) is
// 2 artanh(s) with s = e / (2 + e), by its series.

fn activation(x: Vector) -> Vector {
  let e = exponential(-abs(x));
  let s = e / (2.0 + e);
  let z = s * s;
  let series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z / 13.0)))));
  return max(x, Vector()) + 2.0 * s * series;
}
