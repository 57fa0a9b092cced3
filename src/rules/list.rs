//! The list of rules. Made by `tests/registry.rs` from the files of this folder: do not edit.

use crate::finding::{Finding, RuleInfo};
use crate::trace::{BodyTrace, ClassTrace};

#[path = "vl101_write_through_view.rs"]
mod vl101_write_through_view;
#[path = "vl102_mutated_argument.rs"]
mod vl102_mutated_argument;
#[path = "vl103_mutated_stored_argument.rs"]
mod vl103_mutated_stored_argument;
#[path = "vl104_stale_snapshot.rs"]
mod vl104_stale_snapshot;
#[path = "vl105_swap_through_views.rs"]
mod vl105_swap_through_views;
#[path = "vl106_order_dependent_update.rs"]
mod vl106_order_dependent_update;
#[path = "vl107_exposed_internal_buffer.rs"]
mod vl107_exposed_internal_buffer;
#[path = "vl201_deleted_base_kept_alive.rs"]
mod vl201_deleted_base_kept_alive;
#[path = "vl202_small_view_retains_base.rs"]
mod vl202_small_view_retains_base;
#[path = "vl203_accumulated_views.rs"]
mod vl203_accumulated_views;
#[path = "vl301_write_to_temporary_copy.rs"]
mod vl301_write_to_temporary_copy;
#[path = "vl302_write_to_discarded_copy.rs"]
mod vl302_write_to_discarded_copy;
#[path = "vl401_same_buffer_collected.rs"]
mod vl401_same_buffer_collected;
#[path = "vl402_repeated_reference.rs"]
mod vl402_repeated_reference;
#[path = "vl403_chained_assignment.rs"]
mod vl403_chained_assignment;
#[path = "vl404_mutable_array_default.rs"]
mod vl404_mutable_array_default;

/// What the rules are.
pub(super) static INFOS: &[&RuleInfo] = &[
    &vl101_write_through_view::INFO,
    &vl102_mutated_argument::INFO,
    &vl103_mutated_stored_argument::INFO,
    &vl104_stale_snapshot::INFO,
    &vl105_swap_through_views::INFO,
    &vl106_order_dependent_update::INFO,
    &vl107_exposed_internal_buffer::INFO,
    &vl201_deleted_base_kept_alive::INFO,
    &vl202_small_view_retains_base::INFO,
    &vl203_accumulated_views::INFO,
    &vl301_write_to_temporary_copy::INFO,
    &vl302_write_to_discarded_copy::INFO,
    &vl401_same_buffer_collected::INFO,
    &vl402_repeated_reference::INFO,
    &vl403_chained_assignment::INFO,
    &vl404_mutable_array_default::INFO,
];

/// What the rules do.
pub(super) static CHECKS: &[fn(&BodyTrace<'_>, &mut Vec<Finding>)] = &[
    vl101_write_through_view::check,
    vl102_mutated_argument::check,
    vl104_stale_snapshot::check,
    vl105_swap_through_views::check,
    vl106_order_dependent_update::check,
    vl107_exposed_internal_buffer::check,
    vl201_deleted_base_kept_alive::check,
    vl202_small_view_retains_base::check,
    vl203_accumulated_views::check,
    vl301_write_to_temporary_copy::check,
    vl302_write_to_discarded_copy::check,
    vl401_same_buffer_collected::check,
    vl402_repeated_reference::check,
    vl403_chained_assignment::check,
    vl404_mutable_array_default::check,
];

/// What the rules do with classes.
pub(super) static CLASS_CHECKS: &[fn(&ClassTrace<'_>, &mut Vec<Finding>)] = &[
    vl103_mutated_stored_argument::check_class,
    vl104_stale_snapshot::check_class,
    vl107_exposed_internal_buffer::check_class,
    vl401_same_buffer_collected::check_class,
    vl404_mutable_array_default::check_class,
];
