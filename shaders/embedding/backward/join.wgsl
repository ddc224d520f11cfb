// with: embedding/backward/segment, lib/vector/four, lib/grid
// Gradient of an embedding, the second stage:  dtable[id] += scale · Σ parts of the run of id,  where pieces cut it
//
// One thread a piece and Vector of columns: where a run begins in the piece and goes on, it adds up the parts of the
// pieces that the run crosses, in their order and in runs (shaders/README.md). All others leave.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // parts

@group(0) @binding(3) var<storage, read> parts: array<Vector>;  // [pieces, 2, c]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  let piece = i / params.width;
  let column = i % params.width;
  let begin = piece * PIECE;
  var edge = begin + PIECE;  // the first token after a piece
  if (edge >= params.t) { return; }
  let id = id_at(edge);
  let begins_before = begin > 0 && id_at(max(begin, 1) - 1) == id;
  if (id_at(edge - 1) != id || begins_before) { return; }

  var total = Vector();
  var run = parts[(2 * piece + 1) * params.width + column];
  for (var next = piece + 1; edge < params.t && id_at(min(edge, params.t - 1)) == id; next++) {
    if ((next - piece) % RUN == 0) {
      total += run;
      run = Vector();
    }
    run += parts[2 * next * params.width + column];
    edge += PIECE;
  }
  add_to_table(id, column, total + run);
}
