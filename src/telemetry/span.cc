#include "telemetry/span.h"

namespace domicile::telemetry {

ChildSpan::ChildSpan(SpanKind kind, std::string_view of) : sink_(RequestContext::current().spans) {
    if (sink_ == nullptr) return;
    RequestContext& context = RequestContext::current();
    span_.trace_id = context.trace_id;
    span_.parent_id = context.span_id;
    span_.span_id = sink_->new_span_id();
    span_.kind = kind;
    span_.of = of;
    span_.start_ns = sink_->now_ns();
    context.span_id = span_.span_id;
}

void ChildSpan::end(Outcome outcome) {
    if (sink_ == nullptr) return;
    RequestContext::current().span_id = span_.parent_id;
    span_.end_ns = sink_->now_ns();
    span_.outcome = outcome;
    std::exchange(sink_, nullptr)->record(std::move(span_));
}

}  // namespace domicile::telemetry
