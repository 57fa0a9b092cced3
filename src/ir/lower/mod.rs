//! Lowering: from the syntax tree to the IR.
