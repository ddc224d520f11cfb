// with: lib/numbers/is-nan
// The sums for a row's loss, and the loss. `truth` is the token that its target names; `target` is reserved in WGSL.

struct RowSums {
  truth: f32,    // its logit
  largest: f32,  // logit
  others: f32,   // Σ exp(logit − largest) over all tokens but the truth
  apart: f32,    // Σ (logit − logit of the truth) over all tokens
}

struct RowLoss { loss: f32, lse: f32 }

// The origin from which logits are measured, the truth's logit: so `apart` keeps its digits for logits of any size.
fn origin_of(truth: f32) -> f32 {
  return select(truth, 0.0, (bitcast<u32>(truth) & 0x7f800000) == 0x7f800000);
}

// log(1 + x) for x of 0 or more. Near 1 WGSL's log may be off by 2⁻²¹, which is all of a small loss.
fn log_one_plus(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0)))));
  return select(log(1.0 + x), series, x < 0.5);
}

// The row's loss, and log Σ exp(logit); NaN where the truth is no token of the vocabulary, or the row no distribution:
// one that has NaN or +∞, or nothing above −∞.
fn row_loss(sums: RowSums, truth: u32) -> RowLoss {
  let below = sums.truth - sums.largest;
  let whole = sums.others + exp(below);
  let log_whole = select(log(whole), log_one_plus(sums.others), below == 0.0);
  let lse = sums.largest + log_whole;
  let smoothed = select(0.0, params.smoothing * (sums.apart / f32(params.vocabulary)), params.smoothing > 0.0);
  let loss = log_whole - below - smoothed + params.z_loss * lse * lse;
  let exists = truth < params.vocabulary && whole > 0.0 && !is_nan(whole);
  return RowLoss(or_nan(loss, exists), or_nan(lse, exists));
}

fn or_nan(value: f32, exists: bool) -> f32 {
  return bitcast<f32>(select(0x7fc00000, bitcast<u32>(value), exists));
}
