// with: moe/scores/softmax, lib/grid
// What a router does, over a chunk of tokens:  sums = Σ share(e) for each expert, Σ choices of each expert, Σ
// lse(logits)²
//
// As moe/balance/statistics, and with its bits, but the terms of columns are in workgroup memory: a share is computed
// once, by the thread of its token, and choices are counted as integers, in any order. Requests 2 · EXPERTS + CHOICES
// reads a token.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const WORKGROUP: u32 = 64;  // tokens of a chunk
const COLUMNS = 2 * EXPERTS + 1;

struct Params { tokens: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;      // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> experts: array<u32>;     // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;  // [chunks, COLUMNS]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> shares: array<array<f32, EXPERTS>, WORKGROUP>;  // of the tokens
var<workgroup> squares: array<f32, WORKGROUP>;
var<workgroup> counts: array<atomic<u32>, EXPERTS>;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear_workgroup(grid);
  let first = chunk * WORKGROUP;
  if (first >= params.tokens) { return; }  // the whole workgroup leaves
  let tokens = min(WORKGROUP, params.tokens - first);
  if (thread < tokens) { add_token(first + thread, thread); }
  workgroupBarrier();
  for (var column = thread; column < COLUMNS; column += WORKGROUP) {
    var sum = 0.0;
    if (column < EXPERTS) {
      for (var i = 0u; i < tokens; i++) { sum += shares[i][column]; }
    } else if (column < 2 * EXPERTS) {
      sum = f32(atomicLoad(&counts[column - EXPERTS]));
    } else {
      for (var i = 0u; i < tokens; i++) { sum += squares[i]; }
    }
    sums[chunk * COLUMNS + column] = sum;
  }
}

fn add_token(token: u32, own: u32) {
  let first = token * EXPERTS;
  var largest = logits[first];
  for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }
  var total = 0.0;
  var exponentials = 0.0;
  for (var e = 0u; e < EXPERTS; e++) {
    let logit = logits[first + e];
    let score = score_of(logit, largest);
    shares[own][e] = score;
    total += score;
    exponentials += exp(logit - largest);
  }
  for (var e = 0u; e < EXPERTS; e++) { shares[own][e] /= total; }
  let lse = largest + log(exponentials);
  squares[own] = lse * lse;
  for (var c = 0u; c < CHOICES; c++) {
    let expert = experts[token * CHOICES + c];
    if (expert < EXPERTS) { atomicAdd(&counts[expert], 1); }
  }
}
