#include "host/faulty_ports.h"

#include <algorithm>

namespace frameferry {

IoStatus FaultyStorage::failed(File file) {
    if (file != none) failed_.insert(file);
    return IoStatus::failed;
}

IoStatus FaultyStorage::before_call(File file) {
    if (plan_.strikes(FaultKind::no_card)) return IoStatus::no_card;
    return failed_.count(file) != 0 ? IoStatus::failed : IoStatus::ok;
}

IoStatus FaultyStorage::before_change(File file) {
    if (plan_.strikes(FaultKind::kill)) plan_.end_process();
    const IoStatus status = before_call(file);
    if (status != IoStatus::ok) return status;
    return plan_.strikes(FaultKind::read_only) ? IoStatus::read_only : IoStatus::ok;
}

IoStatus FaultyStorage::before_write(File file, bool takes_room) {
    const IoStatus status = before_change(file);
    if (status != IoStatus::ok) return status;
    if (takes_room && plan_.strikes(FaultKind::no_space)) return IoStatus::no_space;
    return plan_.strikes(FaultKind::write_error) ? failed(file) : IoStatus::ok;
}

IoStatus FaultyStorage::open(std::string_view path, File& file) {
    const IoStatus status = before_call(none);
    return status == IoStatus::ok ? storage_.open(path, file) : status;
}

IoStatus FaultyStorage::create(std::string_view path, File& file) {
    const IoStatus status = before_write(none, true);
    return status == IoStatus::ok ? storage_.create(path, file) : status;
}

void FaultyStorage::close(File file) {
    failed_.erase(file);
    storage_.close(file);
}

IoStatus FaultyStorage::size(File file, std::uint32_t& size_bytes) {
    const IoStatus status = before_call(file);
    return status == IoStatus::ok ? storage_.size(file, size_bytes) : status;
}

IoStatus FaultyStorage::pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) {
    read_bytes = 0;
    const IoStatus status = before_call(file);
    if (status != IoStatus::ok) return status;
    return plan_.strikes(FaultKind::read_error) ? failed(file) : storage_.pread(file, at, room, read_bytes);
}

IoStatus FaultyStorage::pwrite(File file, std::uint32_t at, Bytes bytes) {
    const IoStatus status = before_write(file, true);
    if (status != IoStatus::ok) return status;
    const bool ends = plan_.strikes(FaultKind::kill_short);
    if (!ends && !plan_.strikes(FaultKind::write_short)) return storage_.pwrite(file, at, bytes);
    (void)storage_.pwrite(file, at, bytes.first(bytes.size / 2));
    if (ends) plan_.end_process();
    return failed(file);
}

IoStatus FaultyStorage::sync(File file) {
    const IoStatus status = before_change(file);
    if (status != IoStatus::ok) return status;
    return plan_.strikes(FaultKind::sync_error) ? failed(file) : storage_.sync(file);
}

IoStatus FaultyStorage::grow(File file, std::uint32_t size_bytes) {
    const IoStatus status = before_write(file, true);
    return status == IoStatus::ok ? storage_.grow(file, size_bytes) : status;
}

IoStatus FaultyStorage::trim(File file, std::uint32_t size_bytes) {
    const IoStatus status = before_write(file, false);
    return status == IoStatus::ok ? storage_.trim(file, size_bytes) : status;
}

IoStatus FaultyStorage::remove(std::string_view path) {
    const IoStatus status = before_write(none, false);
    return status == IoStatus::ok ? storage_.remove(path) : status;
}

IoStatus FaultyStorage::make_folder(std::string_view path) {
    const IoStatus status = before_write(none, true);
    return status == IoStatus::ok ? storage_.make_folder(path) : status;
}

IoStatus FaultyStorage::list(std::string_view folder, Visitor& visitor) {
    const IoStatus status = before_call(none);
    return status == IoStatus::ok ? storage_.list(folder, visitor) : status;
}

IoStatus FaultyStorage::space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    const IoStatus status = before_call(none);
    return status == IoStatus::ok ? storage_.space(total_bytes, free_bytes) : status;
}

bool FaultyValues::may_change() {
    if (plan_.strikes(FaultKind::kill)) plan_.end_process();
    return !plan_.strikes(FaultKind::value_error);
}

std::size_t FaultyTransport::Course::allowed(std::size_t size) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(size, std::min(until_drop, until_stall)));
}

void FaultyTransport::Course::moved(std::size_t bytes) {
    if (until_drop != UINT64_MAX) until_drop -= bytes;
    if (until_stall != UINT64_MAX) until_stall -= bytes;
}

FaultyTransport::Course FaultyTransport::course(FaultKind drop, FaultKind stall) {
    const auto end_of = [this](FaultKind kind) {
        const Fault* fault = plan_.strike(kind);
        return fault != nullptr ? fault->after_bytes : UINT64_MAX;
    };
    return {end_of(drop), end_of(stall)};
}

NetResult FaultyTransport::connect(const Endpoint& endpoint, std::uint64_t deadline_ms) {
    is_dropped_ = false;
    up_ = course(FaultKind::drop_up, FaultKind::stall_up);
    down_ = course(FaultKind::drop_down, FaultKind::stall_down);
    if (plan_.strikes(FaultKind::no_name)) return NetResult::dead(NetStatus::no_address);
    if (plan_.strikes(FaultKind::refused)) return NetResult::dead(NetStatus::refused);
    if (plan_.strikes(FaultKind::connect_stall)) {
        wait_(deadline_ms);
        return NetResult::dead(NetStatus::timed_out);
    }
    const NetResult result = transport_.connect(endpoint, deadline_ms);
    if (result.is_dead() || !plan_.strikes(FaultKind::tls_failed)) return result;
    transport_.close();
    return NetResult::dead(NetStatus::tls_failed);
}

NetResult FaultyTransport::ended(const Course& course, std::uint64_t deadline_ms) {
    if (course.until_drop != 0) {
        wait_(deadline_ms);
        return {};
    }
    is_dropped_ = true;
    transport_.close();
    return NetResult::dead(NetStatus::reset);
}

NetResult FaultyTransport::write(Bytes bytes, std::uint64_t deadline_ms) {
    if (is_dropped_) return NetResult::dead(NetStatus::reset);
    const std::size_t allowed = up_.allowed(bytes.size);
    if (allowed == 0 && !bytes.empty()) return ended(up_, deadline_ms);
    const NetResult result = transport_.write(bytes.first(allowed), deadline_ms);
    up_.moved(result.bytes);
    return result;
}

NetResult FaultyTransport::read(Room room, std::uint64_t deadline_ms) {
    if (is_dropped_) return NetResult::dead(NetStatus::reset);
    const std::size_t allowed = down_.allowed(room.size);
    if (allowed == 0 && room.size != 0) return ended(down_, deadline_ms);
    const NetResult result = transport_.read(room.first(allowed), deadline_ms);
    down_.moved(result.bytes);
    return result;
}

}  // namespace frameferry
