// with: sampling/select
// The n largest logits of a row: in order of size, and of id where several tie.
//
// Radix select finds the n-th largest; a scan numbers the tokens that tie with it in order of id, of which as many are
// taken as there is room for. Reads the row six times. All threads must call gather (uniform control flow), once. The
// kernel defines logits, and params with n and v.

const CANDIDATES: u32 = 64;  // n at most
const_assert CANDIDATES <= WORKGROUP;

struct Candidate { key: u32, id: u32 }

var<workgroup> candidates: array<Candidate, CANDIDATES>;
var<workgroup> taken: atomic<u32>;

fn measure(key: u32) -> u32 {
  return 1;
}

fn goal(total: u32) -> u32 {
  return params.n - 1;
}

// Puts the n largest into candidates, in any order. Threads have ranges of neighbouring tokens.
fn gather(first: u32, thread: u32) {
  let nth = select_key(first, params.v, thread);
  let share = (params.v + WORKGROUP - 1) / WORKGROUP;
  let start = thread * share;
  let to = min(start + share, params.v);
  var ties = 0u;
  for (var i = start; i < to; i++) { ties += u32(order_key(logits[first + i]) == nth.key); }
  var place = nth.above + workgroup_scan(ties, thread) - ties;
  for (var i = start; i < to; i++) {
    let key = order_key(logits[first + i]);
    if (key > nth.key) {
      candidates[atomicAdd(&taken, 1u)] = Candidate(key, i);
    } else if (key == nth.key && place < params.n) {
      candidates[place] = Candidate(key, i);
      place++;
    }
  }
  workgroupBarrier();
}

// How many candidates precede this one.
fn candidate_rank(own: Candidate) -> u32 {
  var rank = 0u;
  for (var i = 0u; i < params.n; i++) {
    let other = candidates[i];
    rank += u32(other.key > own.key || (other.key == own.key && other.id < own.id));
  }
  return rank;
}
