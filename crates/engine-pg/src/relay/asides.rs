//! What the upstream says of its own accord, between answers: settings, notices, notifications.

use super::{End, Relay, server::broke};
use crate::diagnostics;
use wire_pg::{
    backend::{self, Report, Tag, encode},
    frame::Message,
};

impl Relay {
    pub(super) fn parameter_status(&mut self, message: Message<'_>) -> Result<(), End> {
        let status = backend::ParameterStatus::parse(message.payload).map_err(broke)?;
        self.reported(status);
        if self.is_for_structure(status.name.bytes()) {
            return Ok(());
        }
        self.note_setting(status.name.bytes(), status.value.bytes());
        match &self.named {
            Some((upstream, own))
                if status.name.bytes() == b"application_name"
                    && status.value.bytes() == &**upstream =>
            {
                let out = &mut self.client.output;
                encode::parameter_status(out, status.name.bytes(), own.as_bytes())
                    .map_err(broke)?;
            }
            _ => self.client.output.extend_from_slice(message.whole),
        }
        Ok(())
    }

    pub(super) fn notice(&mut self, message: Message<'_>) -> Result<(), End> {
        let report = Report::parse(message.payload).map_err(broke)?;
        if self.expected.front().is_some_and(|expected| expected.hidden) {
            return Ok(());
        }
        if self.redacts(report) {
            diagnostics::redact(&mut self.client.output, Tag::NoticeResponse, report)
                .map_err(broke)?;
        } else {
            self.said(report);
            self.client.output.extend_from_slice(message.whole);
        }
        Ok(())
    }

    /// Another session's payload: whoever may not see everything gets it scanned.
    pub(super) fn notification(&mut self, message: Message<'_>) -> Result<(), End> {
        let notification = backend::NotificationResponse::parse(message.payload).map_err(broke)?;
        self.shown_at_once("a notification, which other sessions write");
        self.scratch.clear();
        let (payload, channel) = (notification.payload.bytes(), notification.channel.bytes());
        let masked = self.session.mask_notification(payload, &mut self.scratch);
        let id = self.keeping.resting.told(notification.process_id);
        let out = &mut self.client.output;
        if masked || id != notification.process_id {
            let payload = if masked { &self.scratch } else { payload };
            encode::notification_response(out, id, channel, payload).map_err(broke)?;
        } else {
            out.extend_from_slice(message.whole);
        }
        Ok(())
    }
}
