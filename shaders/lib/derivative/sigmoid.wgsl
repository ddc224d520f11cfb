// with: lib/numbers/exponential
// Of the logistic function:  sigmoid(x) · sigmoid(-x)
//
// With e = exp(-|x|) it is e / (1 + e)².

fn derivative(x: Vector) -> Vector {
  let e = exponential(-abs(x));
  return e / ((1.0 + e) * (1.0 + e));
}
