// Numbers the workgroups of a one-dimensional grid. Each axis of a grid has a limit, 65,535 by default, so a longer
// grid is folded into rows: x is the column, y the row.

// Which workgroup this is, and how many there are: what an entry point takes in addition to the number of its thread.
struct Grid {
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
}

fn linear_workgroup(grid: Grid) -> u32 {
  return grid.workgroup.x + grid.workgroup.y * grid.workgroups.x;
}
