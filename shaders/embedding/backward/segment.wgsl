// Tokens sorted by id, cut in pieces of PIECE, and the table that gets their sums.
//
// A run of one id may begin and end within a piece, and then its sum goes to the table. Otherwise pieces have parts of
// it: part 0 of a piece is of the run that comes from the piece before, part 1 of the one that begins here and goes on.

const PIECE: u32 = 64;  // tokens

// `begin` to `end` are the rows of the table that this dispatch sees, of v.
struct Params { t: u32, width: u32, begin: u32, end: u32, v: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> ids: array<u32>;              // [t]
@group(0) @binding(1) var<storage, read> order: array<u32>;            // [t], sorted by id
@group(0) @binding(2) var<storage, read_write> dtable: array<Vector>;  // [v, c]

fn id_at(i: u32) -> u32 {
  return min(ids[order[i]], params.v);
}

fn add_to_table(id: u32, column: u32, sum: Vector) {
  if (id < params.begin || id >= params.end) { return; }
  let i = (id - params.begin) * params.width + column;
  dtable[i] += params.scale * sum;
}
