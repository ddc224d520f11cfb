// with: moe/scores/softmax, lib/grid
// What a router does, over a chunk of tokens:  sums = Σ share(e) for each expert, Σ choices of each expert, Σ
// lse(logits)²
//
// Shares are of all scores, regardless of the weights of the chosen. One workgroup a chunk: a thread a token for its
// maximum and sums, then a thread a column, which goes over the tokens in their order; columns of chunks are added up
// by another kernel. Requests 3 · EXPERTS + CHOICES · EXPERTS reads a token.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const WORKGROUP: u32 = 64;  // tokens of a chunk
const COLUMNS = 2 * EXPERTS + 1;

struct Params { tokens: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;      // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> experts: array<u32>;     // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;  // [chunks, COLUMNS]
@group(0) @binding(3) var<uniform> params: Params;

struct Row { largest: f32, total: f32, lse: f32 }

var<workgroup> rows: array<Row, WORKGROUP>;  // of the tokens

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear_workgroup(grid);
  let first = chunk * WORKGROUP;
  if (first >= params.tokens) { return; }  // the whole workgroup leaves
  let tokens = min(WORKGROUP, params.tokens - first);
  if (thread < tokens) { rows[thread] = row_of_token(first + thread); }
  workgroupBarrier();
  for (var column = thread; column < COLUMNS; column += WORKGROUP) {
    var sum = 0.0;
    for (var i = 0u; i < tokens; i++) { sum += part(first + i, rows[i], column); }
    sums[chunk * COLUMNS + column] = sum;
  }
}

fn row_of_token(token: u32) -> Row {
  let first = token * EXPERTS;
  var largest = logits[first];
  for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }
  var total = 0.0;
  var exponentials = 0.0;
  for (var e = 0u; e < EXPERTS; e++) {
    total += score_of(logits[first + e], largest);
    exponentials += exp(logits[first + e] - largest);
  }
  return Row(largest, total, largest + log(exponentials));
}

// A token's term of a column.
fn part(token: u32, row: Row, column: u32) -> f32 {
  if (column == 2 * EXPERTS) { return row.lse * row.lse; }
  if (column < EXPERTS) { return score_of(logits[token * EXPERTS + column], row.largest) / row.total; }
  var count = 0.0;
  for (var c = 0u; c < CHOICES; c++) { count += f32(experts[token * CHOICES + c] == column - EXPERTS); }
  return count;
}
