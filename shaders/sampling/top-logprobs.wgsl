// with: sampling/log-sum, sampling/select, lib/grid
// The n most likely tokens of each row, and the one chosen:  logprob = l[id] − log Σ exp(l), sorted by logit, then by id
//
// One workgroup a row. Radix select finds the n-th largest logit; a scan numbers the tokens that tie with it in order
// of id, of which as many are taken as there is room for; then each of the n counts how many go before it. The rank of the
// chosen token is 1 and the number of tokens that go before it, 0 where it is no token. NaN counts as −∞ in the order
// and makes every log-probability of its row NaN. Requests 9·v reads a row.

const WORKGROUP: u32 = 256;
const CANDIDATES: u32 = 64;  // n at most
const_assert CANDIDATES <= WORKGROUP;

struct Params { b: u32, v: u32, n: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [b, v]
@group(0) @binding(1) var<storage, read> chosen: array<u32>;               // [b]
@group(0) @binding(2) var<storage, read_write> ids: array<u32>;            // [b, n]
@group(0) @binding(3) var<storage, read_write> logprobs: array<f32>;       // [b, n]
@group(0) @binding(4) var<storage, read_write> chosenLogprob: array<f32>;  // [b]
@group(0) @binding(5) var<storage, read_write> chosenRank: array<u32>;     // [b]
@group(0) @binding(6) var<uniform> params: Params;

struct Candidate { key: u32, id: u32 }

var<workgroup> candidates: array<Candidate, CANDIDATES>;
var<workgroup> taken: atomic<u32>;
var<workgroup> likelier: atomic<u32>;  // tokens before the chosen one

fn measure(key: u32) -> u32 {
  return 1;
}

fn goal(total: u32) -> u32 {
  return params.n - 1;
}

// Puts the n most likely tokens into candidates, in any order. Threads have ranges of neighbouring tokens.
fn gather(first: u32, nth: Selected, thread: u32) {
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

fn count_likelier(first: u32, id: u32, thread: u32) {
  if (id >= params.v) { return; }
  let key = order_key(logits[first + id]);
  var count = 0u;
  for (var i = thread; i < params.v; i += WORKGROUP) {
    let other = order_key(logits[first + i]);
    count += u32(other > key || (other == key && i < id));
  }
  atomicAdd(&likelier, count);
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  let first = row * params.v;
  let sum = log_sum(first, params.v, thread);
  count_likelier(first, chosen[row], thread);
  gather(first, select_key(first, params.v, thread), thread);  // with barriers

  if (thread < params.n) {
    let own = candidates[thread];
    var rank = 0u;
    for (var i = 0u; i < params.n; i++) {
      let other = candidates[i];
      rank += u32(other.key > own.key || (other.key == own.key && other.id < own.id));
    }
    ids[row * params.n + rank] = own.id;
    logprobs[row * params.n + rank] = logprob(first, params.v, own.id, sum);
  }
  if (thread == 0) {
    chosenLogprob[row] = logprob(first, params.v, chosen[row], sum);
    chosenRank[row] = select(0, atomicLoad(&likelier) + 1, chosen[row] < params.v);
  }
}
