//! The main job by keyboard alone.

use super::Story;
use super::keyboard::{DOWN, ENTER, ESCAPE, SPACE};
use crate::util::INES;

#[tokio::test]
async fn everything_is_done_by_keyboard() {
    let Some(story) = Story::begin().await else { return };
    let eva = story.window().await;
    eva.visit("/").await;
    eva.tab_to("Iniciar sesión").await;
    eva.press(ENTER).await;
    eva.tab_to("Eva Grande").await;
    eva.press(ENTER).await;
    eva.tab_to("Conectar").await;
    eva.press(ENTER).await;
    eva.tab_to("Usar Facebook Login").await;
    eva.press(ENTER).await;
    eva.tab_to("Lucía Navarro").await;
    for _ in 0..3 {
        eva.press(DOWN).await;
    }
    assert!(eva.has_focus("Amara Okafor").await, "arrows move within a group");
    eva.tab_to("Allow").await;
    eva.press(ENTER).await;

    eva.tab_to("@atelier.okafor").await;
    eva.press(SPACE).await;
    eva.tab_to("Connect 1 Account(s)").await;
    eva.picture("keyboard-selector").await;
    eva.press(ENTER).await;
    eva.reads("Connected: @atelier.okafor").await;

    eva.tab_to("Disconnect @atelier.okafor").await;
    eva.press(ENTER).await;
    eva.reads("¿Desconectar @atelier.okafor?").await;
    assert!(eva.has_focus("Disconnect").await, "the question has the focus");
    eva.press(ESCAPE).await;
    eva.reads_no_more("¿Desconectar @atelier.okafor?").await;
    assert!(eva.has_focus("Disconnect @atelier.okafor").await, "the focus is back where it was");

    story.world.dm(INES, "atelier.okafor", "¿Hacen envíos?").await;
    eva.tab_to("Abrir el inbox").await;
    eva.picture("keyboard-focus").await;
    eva.press(ENTER).await;
    eva.tab_to("Inès Moreau").await;
    eva.press(ENTER).await;
    eva.reads("Aquí empieza la conversación.").await;
    assert!(eva.has_focus("Escribe una respuesta").await, "an answer can be written at once");
    eva.type_in("Sí, a toda España.").await;
    eva.press(ENTER).await;
    eva.reads("Enviado").await;
    eva.close(&[]).await;
}
