// with: sampling/log-sum, sampling/candidates, lib/grid
// The n most likely tokens of each row, and the one chosen:  logprob = l[id] − log Σ exp(l), sorted by logit, then by
// id
//
// One workgroup a row (sampling/candidates). The rank of the chosen token is 1 and the number of tokens that go before
// it, 0 where it is no token. NaN counts as −∞ in the order and makes every log-probability of its row NaN. Requests
// 9·v reads a row.

const WORKGROUP: u32 = 256;

struct Params { b: u32, v: u32, n: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [b, v]
@group(0) @binding(1) var<storage, read> chosen: array<u32>;               // [b]
@group(0) @binding(2) var<storage, read_write> ids: array<u32>;            // [b, n]
@group(0) @binding(3) var<storage, read_write> logprobs: array<f32>;       // [b, n]
@group(0) @binding(4) var<storage, read_write> chosenLogprob: array<f32>;  // [b]
@group(0) @binding(5) var<storage, read_write> chosenRank: array<u32>;     // [b]
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> likelier: atomic<u32>;  // tokens before the chosen one

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
  gather(first, thread);  // with barriers

  if (thread < params.n) {
    let own = candidates[thread];
    let rank = candidate_rank(own);
    ids[row * params.n + rank] = own.id;
    logprobs[row * params.n + rank] = logprob(first, params.v, own.id, sum);
  }
  if (thread == 0) {
    chosenLogprob[row] = logprob(first, params.v, chosen[row], sum);
    chosenRank[row] = select(0, atomicLoad(&likelier) + 1, chosen[row] < params.v);
  }
}
