// with: sampling/scan, sampling/multiply-high
// A token drawn by its weight:  the first id with Σ weight[0..=id] > ⌊word · Σ weight / 2³²⌋
//
// It is found by narrowing a range to the 256th part that the running sum passes the goal in, until one is left. All
// threads must call it (uniform control flow). The kernel defines weight_at(i), the weight of element i of all rows;
// the first `width` tokens of a row of `vocabulary` have one.

fn draw(first: u32, width: u32, vocabulary: u32, word: u32, thread: u32) -> u32 {
  var begin = 0u;
  var rest = 0u;  // of the goal, from begin on
  var share = 0u;  // tokens a thread
  for (var range = vocabulary; range > 1; range = share) {
    share = (range + WORKGROUP - 1) / WORKGROUP;
    let start = begin + thread * share;
    var mass = 0u;
    for (var i = start; i < min(start + share, width); i++) { mass += weight_at(first + i); }
    let up_to = workgroup_scan(mass, thread);
    if (range == vocabulary) { rest = multiply_high(word, workgroup_total()); }
    let place = workgroup_locate(up_to, mass, rest, thread);
    begin += place.thread * share;
    rest -= place.before;
  }
  return begin;
}
