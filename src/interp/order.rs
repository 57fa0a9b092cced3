//! The order in which a body's blocks are visited, and its loops.

use smallvec::SmallVec;

use crate::ir::{BlockId, Body};

/// The order of a body's blocks.
pub(super) struct Order {
    /// Reachable blocks in reverse postorder.
    pub(super) blocks: Vec<BlockId>,
    /// For each block its position in `blocks`.
    pub(super) position: Vec<u32>,
    /// For each block: does it lie in a cycle?
    pub(super) in_loop: Vec<bool>,
    /// For each block: does an edge lead back to it?
    pub(super) header: Vec<bool>,
    /// Is there a cycle at all?
    pub(super) loops: bool,
}

/// How far the walk is with a block.
#[derive(Clone, Copy)]
enum Met {
    Not,
    OnTheWay,
    Done,
}

/// Reverse postorder and cycles, without recursion: bodies can have very many blocks.
pub(super) fn order(body: &Body) -> Order {
    let n = body.blocks.len();
    if n == 1 && body.followers(BlockId(0)).is_empty() {
        let no = || vec![false];
        return Order { blocks: vec![BlockId(0)], position: vec![0], in_loop: no(), header: no(), loops: false };
    }
    let mut position = vec![u32::MAX; n];
    let mut blocks = Vec::with_capacity(n);
    let mut met = vec![Met::Not; n];
    let mut loops = false;
    // What is still to be followed of each block on the way, the last first: so that the first successor comes first in
    // reverse postorder.
    let mut stack: Vec<(BlockId, SmallVec<[BlockId; 4]>)> = Vec::with_capacity(n.min(16));
    met[0] = Met::OnTheWay;
    stack.push((BlockId(0), body.followers(BlockId(0))));
    while let Some((block, next)) = stack.last_mut() {
        if let Some(target) = next.pop() {
            match met[target.index()] {
                Met::Not => {
                    met[target.index()] = Met::OnTheWay;
                    stack.push((target, body.followers(target)));
                }
                Met::OnTheWay => loops = true,
                Met::Done => {}
            }
        } else {
            met[block.index()] = Met::Done;
            blocks.push(*block);
            stack.pop();
        }
    }
    blocks.reverse();
    for (i, block) in blocks.iter().enumerate() {
        position[block.index()] = i as u32;
    }
    let (in_loop, header) = if loops { cycles(body, &blocks, &position) } else { (vec![false; n], vec![false; n]) };
    Order { blocks, position, in_loop, header, loops }
}

/// Which blocks lie in a cycle, and to which an edge leads back. In a cycle is everything between a retreating edge's target and its source that reaches the source.
fn cycles(body: &Body, blocks: &[BlockId], position: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let n = body.blocks.len();
    let mut preds: Vec<Vec<BlockId>> = vec![Vec::new(); n];
    let mut retreating = Vec::new();
    for &block in blocks {
        for next in body.followers(block) {
            preds[next.index()].push(block);
            if position[next.index()] <= position[block.index()] {
                retreating.push((block, next));
            }
        }
    }
    let mut in_loop = vec![false; n];
    let mut header = vec![false; n];
    let mut mark = vec![u32::MAX; n];
    for (i, (from, to)) in retreating.into_iter().enumerate() {
        // The natural loop: what reaches `from` without leaving the blocks at or behind `to`.
        let floor = position[to.index()];
        let mut stack = vec![from];
        in_loop[to.index()] = true;
        header[to.index()] = true;
        while let Some(block) = stack.pop() {
            if mark[block.index()] == i as u32 || position[block.index()] < floor {
                continue;
            }
            mark[block.index()] = i as u32;
            in_loop[block.index()] = true;
            if block != to {
                stack.extend(&preds[block.index()]);
            }
        }
    }
    (in_loop, header)
}
