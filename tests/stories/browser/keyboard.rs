//! A window used without a mouse.

use serde_json::json;

use super::window::Window;

/// A key with its code (<https://www.w3.org/TR/uievents-code/>), its number and what it types.
#[derive(Clone, Copy)]
pub(super) struct Key(&'static str, &'static str, u8, &'static str);

pub(super) const TAB: Key = Key("Tab", "Tab", 9, "");
pub(super) const ENTER: Key = Key("Enter", "Enter", 13, "\r");
pub(super) const ESCAPE: Key = Key("Escape", "Escape", 27, "");
pub(super) const SPACE: Key = Key(" ", "Space", 32, " ");
pub(super) const DOWN: Key = Key("ArrowDown", "ArrowDown", 40, "");

/// More than any page has places for the focus.
const ONCE_AROUND: usize = 60;

impl Window<'_> {
    /// Presses a key.
    pub(super) async fn press(&self, Key(key, code, number, text): Key) {
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text});
            self.devtools("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types a text into what has the focus.
    pub(super) async fn type_in(&self, text: &str) {
        self.devtools("Input.insertText", json!({"text": text})).await;
    }

    /// Tabs to what has this name, which can then be seen to have the focus.
    pub(super) async fn tab_to(&self, name: &str) {
        self.comes_true(&format!("Boolean(find({0}) ?? field({0}))", json!(name))).await;
        for _ in 0..ONCE_AROUND {
            self.press(TAB).await;
            if self.has_focus(name).await {
                let seen = self.run("return getComputedStyle(focused()).outlineStyle !== 'none';", &[]).await;
                assert_eq!(seen, json!(true), "the focus on `{name}` is not seen");
                return;
            }
        }
        panic!("`{name}` is not reached by the Tab key");
    }

    /// Whether what has this name has the focus.
    pub(super) async fn has_focus(&self, name: &str) -> bool {
        let script = "const it = focused(); return Boolean(it) && (nameOf(it) || labelOf(it)).includes(arguments[0]);";
        self.run(script, &[json!(name)]).await == json!(true)
    }
}
