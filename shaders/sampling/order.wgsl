// with: lib/numbers/is-nan
// Logits as unsigned integers in the same order, so that thresholds and ties are exact.
//
// NaN counts as −∞: both are IMPOSSIBLE, below every number. −0 and 0 are equal. Comparisons use no float
// arithmetic, so nothing depends on how an adapter treats NaN, infinities or subnormal numbers.

const IMPOSSIBLE: u32 = 0;
const INFINITE: u32 = 0xff800000;  // the key of +∞
const NOT_FINITE: u32 = 0xffffffff;  // above every key: of a row with a logit that is NaN or infinite, where they are checked

fn order_key(logit: f32) -> u32 {
  let bits = bitcast<u32>(logit);
  if (is_nan(logit) || bits == 0xff800000) { return IMPOSSIBLE; }
  return select(bits | 0x80000000, ~bits, bits > 0x80000000);  // −0, whose bits are 0x80000000, becomes what 0 does
}

// The logit of a key that is not IMPOSSIBLE.
fn logit_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffff, key >= 0x80000000));
}

var<workgroup> order_largest: atomic<u32>;

// The largest of a key from every thread. All threads must call it (uniform control flow), once.
fn workgroup_largest(key: u32) -> u32 {
  atomicMax(&order_largest, key);
  workgroupBarrier();
  return atomicLoad(&order_largest);
}
