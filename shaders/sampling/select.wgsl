// with: sampling/order, sampling/scan
// The largest key for which the tokens at or above it measure more than a goal together: the k-th largest logit when
// each measures 1 and the goal is k − 1, the nucleus when each measures its probability.
//
// A radix select from the top: four digits of 8 bits, each found with a histogram in workgroup memory and a scan from
// the highest bin down. Reads the row four times. All threads must call it (uniform control flow).
// The kernel defines logits, measure(key) and goal(total), which is called once, with the measure of all tokens.

const DIGITS: u32 = 256;
const_assert DIGITS == WORKGROUP;  // a thread has one bin

struct Selected {
  key: u32,
  above: u32,  // the measure of the tokens above it
}

var<workgroup> histogram: array<atomic<u32>, DIGITS>;

fn select_key(first: u32, width: u32, thread: u32) -> Selected {
  var selected = Selected(0, 0);
  var rest = 0u;  // of the goal
  for (var digit = 0u; digit < 4; digit++) {
    let shift = 24 - 8 * digit;
    atomicStore(&histogram[thread], 0u);
    workgroupBarrier();
    for (var i = thread; i < width; i += WORKGROUP) {
      let key = order_key(logits[first + i]);
      if (((key ^ selected.key) >> shift) < DIGITS) {  // the digits above are the same
        atomicAdd(&histogram[(key >> shift) % DIGITS], measure(key));
      }
    }
    workgroupBarrier();
    let share = atomicLoad(&histogram[DIGITS - 1 - thread]);
    let up_to = workgroup_scan(share, thread);
    if (digit == 0) { rest = goal(workgroup_total()); }
    let place = workgroup_locate(up_to, share, rest, thread);
    selected.key |= (DIGITS - 1 - place.thread) << shift;
    selected.above += place.before;
    rest -= place.before;
  }
  return selected;
}
