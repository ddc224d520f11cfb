// with: lib/reduce, lib/grid
// Rows of [rows, cols] in a folded grid, each shared by LANES neighbouring threads, so that a workgroup of WORKGROUP
// threads has ROWS of them. A lane strides along its row: Vectors lane, lane + LANES, lane + 2·LANES, and so on.
//
// Short rows have few lanes, since a barrier costs more than the few elements that a thread would have before it: LANES
// is 4 up to 256 columns, 16 up to 1024, and all of WORKGROUP beyond (src/kernels/reduce/lanes.ts sets it).

const ROWS: u32 = WORKGROUP / LANES;  // of one workgroup
const RUN: u32 = 32 * LANES;          // Vectors of a row that form a run (shaders/README.md)

// One thread's share of a row.
struct RowLane {
  first: u32,  // Vector with which the row begins
  width: u32,  // Vectors of the row
  lane: u32,   // which of the LANES threads this is
}

// The first row of a workgroup. A workgroup that begins past the last row leaves as a whole, since a barrier needs all
// of its threads or none.
fn first_row(grid: Grid) -> u32 {
  return linear_workgroup(grid) * ROWS;
}

// Rows past the last have no elements: their threads only take part in the barriers.
fn row_lane(grid: Grid, thread: u32) -> RowLane {
  let row = first_row(grid) + thread / LANES;
  let width = select(0, params.cols / WIDTH, row < params.rows);
  return RowLane(row * width, width, thread % LANES);
}
