//! What any record must do, whatever the database: the same claims run on SQLite and on PostgreSQL.

pub(crate) mod admission;
pub(crate) mod audit;
pub(crate) mod codes;
pub(crate) mod finish;
pub(crate) mod fixture;
pub(crate) mod line;
pub(crate) mod listing;
pub(crate) mod proof;
pub(crate) mod racing;
pub(crate) mod recipes;
pub(crate) mod runs;
pub(crate) mod serials;
pub(crate) mod sessions;

/// Gives every claim to the macro `$with`.
macro_rules! every_claim {
    ($with:ident) => {
        $with! {
            admission::a_unit_in_work_is_refused_elsewhere_and_stays_with_its_first_run;
            admission::a_unit_that_passed_is_refused_unless_the_policy_lets_it_repeat;
            admission::attempts_run_out_and_refused_runs_do_not_count;
            admission::a_refused_run_leaves_the_unit_free_and_shows_in_its_history;
            admission::a_full_batch_refuses_further_units_but_not_one_of_its_own;
            admission::an_open_run_has_its_place_in_the_batch_before_it_has_a_session;
            admission::a_run_is_tied_to_one_unit_only_once;
            audit::every_act_of_a_run_is_in_the_log_and_the_chain_verifies;
            audit::a_tampered_entry_is_found_at_its_place;
            audit::a_removed_entry_is_found_at_its_place;
            audit::tampered_evidence_no_longer_fits_the_digest_in_the_log;
            audit::a_run_names_its_recipe_and_its_end_in_the_log;
            audit::a_run_that_was_changed_on_record_differs_from_the_log;
            audit::the_log_and_the_evidence_refuse_changes;
            audit::a_refused_act_leaves_no_entry;
            codes::a_code_buys_one_session_with_its_certificate;
            codes::a_code_that_is_unknown_used_expired_or_bound_elsewhere_buys_nothing;
            codes::a_redemption_that_fails_leaves_the_code_unused;
            codes::a_code_buys_a_certificate_only_when_it_says_so;
            codes::a_batch_issues_no_more_than_its_quota;
            codes::a_code_needs_a_unit_that_was_admitted;
            finish::a_failed_run_voids_its_codes_and_revokes_what_it_issued;
            finish::a_pass_needs_an_admitted_unit_and_an_attested_end;
            finish::a_pass_needs_evidence_that_makes_one_when_it_is_committed;
            finish::who_ends_a_run_is_told_whose_sessions_ended_with_it;
            finish::a_new_session_leaves_the_old_one_alive_until_its_run_passes;
            finish::a_failed_repeat_leaves_the_passed_run_and_its_session_alone;
            finish::an_ended_run_stays_as_it_is;
            listing::units_come_in_pages_and_by_how_they_stand;
            listing::ended_runs_come_in_pages;
            listing::a_unit_shows_all_that_belongs_to_it;
            listing::certificates_come_newest_first_and_are_revoked_once;
            listing::a_closed_record_answers_no_more;
            listing::what_is_not_on_record_is_none;
            racing::a_code_raced_for_by_16_tasks_is_redeemed_once;
            racing::a_unit_raced_for_by_8_slots_goes_to_one;
            racing::the_last_places_of_a_batch_raced_for_by_8_slots_are_given_once;
            racing::eight_slots_never_share_a_serial_a_code_or_a_session;
            racing::two_stations_write_one_chain;
            recipes::a_recipe_and_its_images_are_noted_once;
            recipes::a_recipe_is_known_by_the_hash_of_its_text_and_policy_only;
            recipes::a_recipe_that_was_changed_on_record_is_found_and_not_used;
            runs::a_restarted_station_is_told_its_own_open_runs_oldest_first;
            runs::a_run_needs_a_started_station_a_batch_and_a_recipe;
            runs::a_slot_holds_one_open_run;
            runs::a_run_comes_back_as_it_was_recorded;
            runs::a_step_begins_once_and_ends_once;
            runs::an_ended_run_takes_nothing_more;
            serials::a_serial_stays_with_its_unit_and_is_never_given_twice;
            serials::a_serial_counts_for_exactly_its_prefix;
            sessions::a_session_whose_certificate_is_revoked_may_not_log_in;
            sessions::a_session_is_found_by_its_broker_user_and_verifies_only_its_password;
            sessions::a_session_on_behalf_of_a_unit_needs_no_code;
            sessions::no_two_sessions_share_identity_topic_key_user_or_token;
            sessions::a_claim_binds_one_code_to_one_unit;
        }
    };
}
pub(crate) use every_claim;
