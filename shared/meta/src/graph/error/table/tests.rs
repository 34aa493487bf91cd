//! Each row against the error that Meta would send, through the reader of error bodies.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

const ADVANCED_ACCESS: &str = "App does not have Advanced Access to instagram_manage_messages permission, and recipient \
                               user does not have role on app";

fn refusal(code: i64, subcode: Option<i64>, message: &str) -> Refusal {
    let body = json!({"error": {"message": message, "type": "IGApiException", "code": code, "error_subcode": subcode}});
    Refusal::read(body.to_string().as_bytes(), 400, None).expect("an error object")
}

#[rustfmt::skip]
const CASES: &[(i64, Option<i64>, &str, FailureClass, &str)] = &[
    (100, None, "Unsupported request - method type: post", AppLevel, "app_unavailable"),
    (200, None, "The account owner has disabled access to Instagram Direct Messaging.",
        account(Problem::MessageAccessOff), "message_access_off"),
    (10, None, ADVANCED_ACCESS, account(Problem::NotReviewed), "app_not_reviewed"),
    (100, None, "This authorization code has been used.", InvalidGrant, "invalid_grant"),
    (100, None, "Invalid platform app", AppLevel, "app_unavailable"),
    (190, None, "Error validating application. Application has been deleted.", AppLevel, "app_unavailable"),
    (1, None, "Error validating client secret.", AppLevel, "app_unavailable"),
    (100, None, "Invalid appsecret_proof provided in the API argument", AppLevel, "app_unavailable"),
    (200, None, "API access blocked.", AppLevel, "app_unavailable"),
    (100, None, "Invalid redirect_uri", AppLevel, "app_unavailable"),
    (100, Some(36009), "", InvalidGrant, "invalid_grant"),
    (100, Some(36007), "", InvalidGrant, "invalid_grant"),
    (400, None, "", InvalidGrant, "invalid_grant"),
    (190, Some(458), "", account(Problem::AccessRemoved), "access_removed"),
    (190, Some(459), "", account(Problem::Checkpoint), "checkpoint"),
    (190, Some(460), "", account(Problem::PasswordChanged), "password_changed"),
    (190, Some(463), "", account(Problem::TokenExpired), "token_expired"),
    (190, Some(464), "", account(Problem::Unconfirmed), "unconfirmed"),
    (190, Some(467), "", account(Problem::TokenInvalid), "reconnect_needed"),
    (190, Some(492), "", account(Problem::PageRoleLost), "page_role_lost"),
    (190, None, "", account(Problem::TokenInvalid), "reconnect_needed"),
    (190, None, "Error validating access token: Session has expired on Monday, 05-Oct-26 10:00:00 PDT.",
        account(Problem::TokenExpired), "token_expired"),
    (190, None, "Error validating access token: The user has not authorized application 990.",
        account(Problem::AccessRemoved), "access_removed"),
    (190, None, "You have to log in at Instagram first.", account(Problem::Checkpoint), "checkpoint"),
    (190, None, "You cannot access the app till you log in to www.instagram.com and follow the instructions given.",
        account(Problem::Checkpoint), "checkpoint"),
    (190, None, "The session is invalid, because the account is in a checkpoint.",
        account(Problem::Checkpoint), "checkpoint"),
    (190, None, "The session has been invalidated because the user changed their password.",
        account(Problem::PasswordChanged), "password_changed"),
    (190, None, "Sessions for the user are not allowed because the user is not a confirmed user.",
        account(Problem::Unconfirmed), "unconfirmed"),
    (102, None, "", Retry, "unavailable"),
    (102, Some(463), "", account(Problem::TokenInvalid), "reconnect_needed"),
    (1, Some(1_357_046), "Received invalid JSON reply", Uncertain, "delivery_unknown"),
    (1, None, "Received invalid JSON reply", Uncertain, "delivery_unknown"),
    (1, Some(7), "(#1) Received Invalid JSON Reply.", Uncertain, "delivery_unknown"),
    (2500, None, "Unknown path components: /v99.0/me", AppLevel, "app_unavailable"),
    (2500, None, "An active access token must be used to query information about the current user.",
        account(Problem::TokenInvalid), "reconnect_needed"),
    (10, Some(2_534_022), "", Permanent, "window_closed"),
    (10, Some(2_018_278), "", Permanent, "window_closed"),
    (10, Some(2_018_065), "", Permanent, "window_closed"),
    (10, None, "(#10) This message is sent outside of allowed window.", Permanent, "window_closed"),
    (10, Some(7), "This message is sent outside the allowed window.", Permanent, "window_closed"),
    (10, Some(2_018_108), "", Permanent, "contact_unavailable"),
    (200, Some(1_545_041), "", Permanent, "contact_unavailable"),
    (551, Some(1_545_041), "", Permanent, "contact_unavailable"),
    (551, None, "", Permanent, "contact_unavailable"),
    (100, Some(2_018_001), "", Permanent, "no_such_contact"),
    (100, Some(2_534_014), "", Permanent, "no_such_contact"),
    (9010, None, "", Permanent, "no_such_contact"),
    (230, None, "", Permanent, "profile_private"),
    (100, Some(2_018_218), "", Permanent, "profile_private"),
    (100, None, "(#100) Length of param message[text] must be less than or equal to 2000", Permanent, "text_too_long"),
    (100, Some(33), "", Permanent, "object_missing"),
    (9_000_001, None, "", Permanent, "message_deleted"),
    (1_545_041, None, "", Permanent, "contact_unavailable"),
    (100, Some(2_534_025), "", Permanent, "comment_invalid"),
    (2, Some(1_545_133), "", Permanent, "comment_invalid"),
    (2_534_023, None, "", Permanent, "comment_invalid"),
    (100, Some(2_534_023), "", Permanent, "comment_invalid"),
    (10900, None, "", Permanent, "comment_invalid"),
    (10903, None, "", Permanent, "comment_invalid"),
    (27, None, "", Permanent, "refused"),
    (36000, None, "", Permanent, "media_refused"),
    (2_534_122, None, "", account(Problem::Restricted), "restricted"),
    (100, Some(2_018_014), "", Permanent, "message_invalid"),
    (100, Some(2_534_015), "", Permanent, "message_invalid"),
    (100, Some(2_018_008), "", RetryAtMost(1), "media_unreachable"),
    (100, Some(2_018_294), "", RetryAtMost(1), "media_unreachable"),
    (100, Some(2_018_047), "", Permanent, "media_refused"),
    (100, Some(2_018_074), "", Permanent, "media_refused"),
    (100, Some(2_018_109), "", Permanent, "media_refused"),
    (100, Some(2_534_068), "", Permanent, "media_refused"),
    (2, Some(2_018_344), "", account(Problem::TermsNotAccepted), "terms_not_accepted"),
    (10, Some(2_534_077), "", account(Problem::RelinkNeeded), "relink_needed"),
    (10, Some(1_893_063), "", account(Problem::Restricted), "restricted"),
    (100, Some(2_534_029), "", account(Problem::Restricted), "restricted"),
    (368, None, "", account(Problem::Restricted), "restricted"),
    (2022, None, "", account(Problem::Restricted), "restricted"),
    (36103, None, "", account(Problem::NotEligible), "not_eligible"),
    (100, Some(2_534_013), "", account(Problem::PageNotLinked), "page_not_linked"),
    (100, Some(2_534_037), "", account(Problem::OtherAppOwnsThread), "handled_elsewhere"),
    (10, Some(2_018_300), "", account(Problem::OtherAppOwnsThread), "handled_elsewhere"),
    (2_018_321, None, "", account(Problem::OtherAppOwnsThread), "handled_elsewhere"),
    (200, Some(2_534_041), "", account(Problem::MessageAccessOff), "message_access_off"),
    (200, Some(2_018_028), "", account(Problem::NotReviewed), "app_not_reviewed"),
    (200, None, "", account(Problem::NotReviewed), "app_not_reviewed"),
    (613, Some(2_018_338), "", account(Problem::ContactBothered), "contact_bothered"),
    (4, None, "", LATER, "rate_limited"),
    (17, None, "", LATER, "rate_limited"),
    (32, None, "", LATER, "rate_limited"),
    (341, None, "", LATER, "rate_limited"),
    (613, None, "", LATER, "rate_limited"),
    (613, Some(1996), "", LATER, "rate_limited"),
    (613, Some(2_534_040), "", LATER, "rate_limited"),
    (80001, None, "", LATER, "rate_limited"),
    (80002, None, "", LATER, "rate_limited"),
    (80006, None, "", LATER, "rate_limited"),
    (3, None, "", account(Problem::PermissionMissing), "permission_missing"),
    (10, None, "", account(Problem::PermissionMissing), "permission_missing"),
    (-1, Some(2_207_001), "", Retry, "unavailable"),
    (-2, None, "", Retry, "unavailable"),
    (1, None, "", RetryAtMost(FEW), "unavailable"),
    (2, None, "", RetryAtMost(FEW), "unavailable"),
    (99, None, "", RetryAtMost(FEW), "unavailable"),
    (201, None, "", account(Problem::PermissionMissing), "permission_missing"),
    (299, Some(1), "", account(Problem::PermissionMissing), "permission_missing"),
    (100, None, "Tag is deprecated", Permanent, "refused"),
    (100, Some(9), "", Permanent, "refused"),
];

#[test]
fn every_documented_error_has_its_class_and_its_words() {
    for (code, subcode, message, class, reason) in CASES {
        let (found, explanation) = verdict(&refusal(*code, *subcode, message));
        assert_eq!((found, explanation.reason), (*class, *reason), "{code}/{subcode:?} {message}");
    }
}

#[test]
fn every_row_is_reached_by_a_case() {
    let row = |refusal: &Refusal| ROWS.iter().position(|(when, ..)| when.fits(refusal));
    let mut reached: BTreeSet<_> =
        CASES.iter().filter_map(|(code, subcode, message, ..)| row(&refusal(*code, *subcode, message))).collect();
    reached.extend(row(&Refusal { is_transient: true, ..refusal(100, None, "") }));
    let missing: Vec<_> = (0..ROWS.len()).filter(|row| !reached.contains(row)).map(|row| ROWS[row].0).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_transient_error_is_tried_again_unless_a_limit_or_the_token_is_named() {
    let transient = |code| verdict(&Refusal { is_transient: true, ..refusal(code, None, "") }).0;
    assert_eq!(transient(2), Retry);
    assert_eq!(transient(100), Retry);
    assert_eq!(transient(4), LATER);
    assert_eq!(transient(190), account(Problem::TokenInvalid));
}

#[test]
fn a_limit_carries_the_time_that_the_headers_told() {
    let limited = Refusal { regain_seconds: Some(1140), ..refusal(80002, None, "") };
    assert_eq!(verdict(&limited).0, FailureClass::RetryLater { after: Some(1140) });
}

#[test]
fn an_unknown_code_goes_by_its_http_status() {
    let unknown = |status| verdict(&Refusal { status, ..refusal(123_456, None, "") }).0;
    assert_eq!(unknown(400), Permanent);
    assert_eq!(unknown(429), LATER);
    assert_eq!(unknown(503), RetryAtMost(FEW));
}

#[test]
fn a_text_is_recognised_and_not_kept() {
    let refusal = refusal(190, Some(463), "Session of 430915413000664 has expired");
    assert!(!format!("{refusal:?} {refusal}").contains("430915413000664"));
}

#[test]
fn an_error_object_of_another_server_is_none_of_metas() {
    for body in [r#"{"error":"busy"}"#, r#"{"error":{"message":"x"}}"#, r#"{"data":[]}"#, "<html>", "[1]", ""] {
        assert_eq!(Refusal::read(body.as_bytes(), 502, None), None, "{body}");
    }
}
