// What counts of what was tried on pages and at the token endpoint.
#pragma once

#include "base/result.h"
#include "identity/wrong_answers.h"
#include "limits/limiter.h"

namespace domicile::api::oidc {

// Gives the permit back: a guess counts if it was wrong, a request unless nothing was done.
template <class T>
void settle(limits::Permit& permit, limits::Kind kind, const Result<T>& done) {
    const bool is_wrong = !done && identity::is_wrong_answer(done.error());
    const bool is_done = done || !identity::is_undone(done.error());
    const bool counts = kind == limits::Kind::guess ? is_wrong : is_done;
    if (!counts) permit.spare();
    permit = limits::Permit();
}

}  // namespace domicile::api::oidc
