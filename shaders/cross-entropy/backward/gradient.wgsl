// with: cross-entropy/cap/none
// The gradient of a row, token by token. p is a token's probability, exp(z − lse); `truth` the token that the target
// names.
//
// The truth's gradient is not computed from p − 1, which loses its digits where p is close to 1, but from the sum of
// the other tokens: 1 − p.

struct Params { rows: u32, cols: u32, vocabulary: u32, ignored: u32, smoothing: f32, z_loss: f32, cap: f32 }

@group(0) @binding(2) var<storage, read> targets: array<u32>;  // [rows]
@group(0) @binding(3) var<storage, read> lse: array<f32>;      // [rows]
@group(0) @binding(4) var<storage, read> count: array<f32>;    // [1], rows that are not ignored
@group(0) @binding(5) var<storage, read> dloss: array<f32>;    // [1]
@group(0) @binding(6) var<uniform> params: Params;

struct RowGradient {
  factor: f32,  // dloss / count
  lse: f32,
  steep: f32,   // 1 + 2ζ·lse, the derivative of lse + ζ·lse²
}

// lse is NaN, and with it the row, where the truth is no token of the vocabulary.
fn row_gradient(row: u32) -> RowGradient {
  let factor = select(0.0, dloss[0] / count[0], count[0] > 0.0);
  return RowGradient(factor, lse[row], 1.0 + 2.0 * params.z_loss * lse[row]);
}

fn probability(logit: Vector, row: RowGradient) -> Vector {
  return exponential(capped(logit) - row.lse);
}

// Of tokens that are not the truth.
fn gradient(logit: Vector, p: Vector, row: RowGradient) -> Vector {
  return row.factor * cap_slope(logit) * (row.steep * p - params.smoothing / f32(params.vocabulary));
}

// Of the truth, with the sum of all other probabilities.
fn truth_gradient(logit: Vector, others: f32, row: RowGradient) -> Vector {
  let even = 1.0 - 1.0 / f32(params.vocabulary);
  let inner = row.steep - 1.0 + params.smoothing * even - row.steep * others;
  return row.factor * cap_slope(logit) * inner;
}
