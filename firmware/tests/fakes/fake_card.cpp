#include "fakes/fake_card.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

using frameferry::Bytes;
using frameferry::IoStatus;
using frameferry::Room;

FakeCard::FakeCard(Power& power, std::uint32_t sectors) : power_(&power), sectors_(sectors) {
    names_["/"].durable = Node{true, 0, {}};
}

FakeCard::FakeCard(const FakeCard& other, Power& power) : FakeCard(other) { power_ = &power; }

IoStatus FakeCard::fault(std::string_view path, bool changes) const {
    if (!power_->is_on || faults.is_missing) return IoStatus::no_card;
    if (!faults.bad_path.empty() && path.find(faults.bad_path) != std::string_view::npos) return IoStatus::failed;
    if (changes && faults.is_read_only) return IoStatus::read_only;
    if (changes ? faults.fails_writes : faults.fails_reads) return IoStatus::failed;
    return IoStatus::ok;
}

IoStatus FakeCard::change(std::string_view path) {
    const IoStatus status = fault(path, true);
    if (status != IoStatus::ok) return status;
    if (faults.failing_changes != 0 && faults.spared_changes-- <= 0) {
        --faults.failing_changes;
        return faults.failing_as;
    }
    return power_->spend() ? IoStatus::ok : IoStatus::no_card;
}

IoStatus FakeCard::fault_of(File file, bool changes) {
    const std::string& path = handles_.at(file);
    const bool is_broken = broken_handles_.count(file) != 0 && power_->is_on && !faults.is_missing;
    const IoStatus status = is_broken ? IoStatus::failed : changes ? change(path) : fault(path, false);
    return status == IoStatus::failed ? broken(file) : status;
}

IoStatus FakeCard::broken(File file) {
    broken_handles_.insert(file);
    return IoStatus::failed;
}

bool FakeCard::is_due(int& passing_faults) {
    if (passing_faults == 0) return false;
    if (faults.spared_reads == 0) return passing_faults-- > 0;
    --faults.spared_reads;
    return false;
}

const FakeCard::Node* FakeCard::find(const std::string& path) const {
    const auto found = names_.find(path);
    return found != names_.end() && found->second.now() ? &*found->second.now() : nullptr;
}

void FakeCard::become(const std::string& path, State state) { names_[path].later.push_back(std::move(state)); }

std::string FakeCard::parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool FakeCard::is_empty_folder(const std::string& path) const {
    return std::none_of(names_.begin(), names_.end(), [&](const auto& name) {
        return name.second.now() && name.first != "/" && parent(name.first) == path;
    });
}

std::vector<bool> FakeCard::used() const {
    std::vector<bool> used(sectors_.count());
    for (const auto& [path, name] : names_) {
        if (!name.now()) continue;
        for (const std::uint32_t number : name.now()->sectors) used[number] = freed_.count(number) == 0;
    }
    return used;
}

IoStatus FakeCard::open(std::string_view path, File& file) {
    const IoStatus status = fault(path, false);
    if (status != IoStatus::ok) return status;
    const Node* node = find(std::string(path));
    if (node == nullptr || node->is_folder) return IoStatus::not_found;
    if (is_due(faults.failing_opens)) return IoStatus::failed;
    ++counts.opens;
    file = next_file_++;
    handles_[file] = path;
    return IoStatus::ok;
}

IoStatus FakeCard::create(std::string_view path, File& file) {
    const std::string name(path);
    const Node* folder = find(parent(name));
    if (folder == nullptr || !folder->is_folder) throw std::logic_error("no folder for " + name);
    if (path.size() > 127) throw std::logic_error("too long a path");
    const IoStatus status = change(path);
    if (status != IoStatus::ok) return status;
    become(name, Node{});
    ++counts.opens;
    file = next_file_++;
    handles_[file] = name;
    return IoStatus::ok;
}

void FakeCard::close(File file) {
    broken_handles_.erase(file);
    garbled_buffers_.erase(file);
    if (handles_.erase(file) == 0) throw std::logic_error("a file is closed that is not open");
}

IoStatus FakeCard::size(File file, std::uint32_t& size_bytes) {
    const std::string& path = handles_.at(file);
    const IoStatus status = fault(path, false);
    if (status != IoStatus::ok) return status;
    const Node* node = find(path);
    if (node == nullptr) return IoStatus::failed;
    size_bytes = node->size_bytes;
    return IoStatus::ok;
}

IoStatus FakeCard::pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) {
    const std::string& path = handles_.at(file);
    read_bytes = 0;
    const std::uint32_t at_first = at;
    const IoStatus status = fault_of(file, false);
    if (status != IoStatus::ok) return status;
    if (is_due(faults.failing_reads)) {
        faults.is_missing = faults.goes_away;
        return faults.goes_away ? IoStatus::no_card : broken(file);
    }
    if (is_due(faults.worn_reads)) faults.bad_sectors.insert(faults.worn_sector);
    const Node* node = find(path);
    if (node == nullptr) return IoStatus::failed;
    ++counts.reads;
    while (read_bytes < room.size && at < node->size_bytes) {
        const std::uint32_t number = node->sectors[at / sector_bytes];
        if (faults.bad_sectors.count(number) != 0) return broken(file);
        const std::uint32_t within = at % sector_bytes;
        const std::size_t length =
            std::min<std::size_t>({sector_bytes - within, room.size - read_bytes, node->size_bytes - at});
        std::memcpy(room.data + read_bytes, sectors_[number].data() + within, length);
        read_bytes += length;
        at += static_cast<std::uint32_t>(length);
    }
    if (is_garbled(file, at_first, room)) room.data[0] ^= 0x10U;
    counts.read_bytes += read_bytes;
    return IoStatus::ok;
}

// FatFs reads whole sectors past the buffer.
bool FakeCard::is_garbled(File file, std::uint32_t at, Room room) {
    const auto kept = garbled_buffers_.find(file);
    const bool is_buffered = room.size < sector_bytes && kept != garbled_buffers_.end();
    const bool is_garbled = is_due(faults.garbled_reads) || (is_buffered && kept->second == at / sector_bytes);
    garbled_buffers_.erase(file);
    if (is_garbled && faults.keeps_garbled) garbled_buffers_[file] = at / sector_bytes;
    return is_garbled;
}

IoStatus FakeCard::pwrite(File file, std::uint32_t at, Bytes bytes) {
    const std::string path = handles_.at(file);
    const Node* node = find(path);
    if (node != nullptr && std::uint64_t{at} + bytes.size > node->size_bytes) {
        throw std::logic_error("written past the end of " + path);
    }
    const IoStatus status = fault_of(file, true);
    if (status != IoStatus::ok) return status;
    if (node == nullptr) return IoStatus::failed;
    ++counts.writes;
    counts.written_bytes += bytes.size;
    for (std::size_t done = 0; done < bytes.size;) {
        const std::uint32_t number = node->sectors[(at + done) / sector_bytes];
        const std::size_t within = (at + done) % sector_bytes;
        const std::size_t length = std::min<std::size_t>(sector_bytes - within, bytes.size - done);
        sectors_.write(number, within, bytes.data + done, length);
        faults.bad_sectors.erase(number);
        done += length;
    }
    return IoStatus::ok;
}

IoStatus FakeCard::sync(File file) {
    const std::string path = handles_.at(file);
    const IoStatus status = fault_of(file, true);
    if (status != IoStatus::ok) return status;
    ++counts.syncs;
    settle_removals();
    Name& name = names_.at(path);
    if (!name.later.empty()) name.durable = name.later.back();
    name.later.clear();
    if (!name.durable) return IoStatus::failed;
    for (const std::uint32_t number : name.durable->sectors) sectors_.sync(number);
    return IoStatus::ok;
}

// The sync of any file makes durable what was removed before, and the folders.
void FakeCard::settle_removals() {
    for (auto& [path, name] : names_) {
        for (std::size_t at = name.later.size(); at != 0; --at) {
            const State& state = name.later[at - 1];
            if (state && !state->is_folder) continue;
            name.durable = state;
            name.later.erase(name.later.begin(), name.later.begin() + static_cast<std::ptrdiff_t>(at));
            break;
        }
    }
}

IoStatus FakeCard::grow(File file, std::uint32_t size_bytes) {
    const std::string path = handles_.at(file);
    const IoStatus status = fault_of(file, true);
    if (status != IoStatus::ok) return status;
    Node node = *find(path);
    if (size_bytes < node.size_bytes) throw std::logic_error("grown to less than " + path + " has");
    const std::vector<bool> is_used = used();
    const std::size_t wanted = (size_bytes + sector_bytes - 1) / sector_bytes;
    for (std::uint32_t number = 0; number < sectors_.count() && node.sectors.size() < wanted; ++number) {
        if (is_used[number]) continue;
        node.sectors.push_back(number);
        freed_.erase(number);
    }
    if (node.sectors.size() < wanted) return IoStatus::no_space;
    node.size_bytes = size_bytes;
    become(path, node);
    return IoStatus::ok;
}

IoStatus FakeCard::trim(File file, std::uint32_t size_bytes) {
    const std::string path = handles_.at(file);
    const IoStatus status = fault_of(file, true);
    if (status != IoStatus::ok) return status;
    Node node = *find(path);
    if (size_bytes > node.size_bytes) throw std::logic_error("trimmed to more than " + path + " has");
    node.size_bytes = size_bytes;
    if (is_linked_) free_shared(path, (size_bytes + sector_bytes - 1) / sector_bytes);
    node.sectors.resize((size_bytes + sector_bytes - 1) / sector_bytes);
    become(path, node);
    return IoStatus::ok;
}

// A file system does not know that another name has them too.
void FakeCard::free_shared(const std::string& path, std::size_t from) {
    const std::vector<std::uint32_t>& sectors = find(path)->sectors;
    for (const auto& [other, name] : names_) {
        if (other == path || !name.now()) continue;
        for (const std::uint32_t number : name.now()->sectors) {
            if (std::find(sectors.begin() + static_cast<std::ptrdiff_t>(from), sectors.end(), number) != sectors.end()) {
                freed_.insert(number);
            }
        }
    }
}

IoStatus FakeCard::remove(std::string_view path) {
    const std::string name(path);
    const bool is_open = std::any_of(handles_.begin(), handles_.end(), [&](const auto& one) { return one.second == name; });
    if (is_open && power_->is_on) throw std::logic_error("removed while open: " + name);
    ++counts.removes;
    if (is_due(faults.failing_removes)) return IoStatus::failed;
    const IoStatus status = fault(path, true);
    if (status != IoStatus::ok) return status;
    const Node* node = find(name);
    if (node == nullptr) return IoStatus::not_found;
    if (node->is_folder && !is_empty_folder(name)) return IoStatus::failed;
    if (!power_->spend()) return IoStatus::no_card;
    if (is_linked_) free_shared(name, 0);
    become(name, std::nullopt);
    return IoStatus::ok;
}

IoStatus FakeCard::make_folder(std::string_view path) {
    const std::string name(path);
    const IoStatus status = fault(path, true);
    if (status != IoStatus::ok) return status;
    if (is_due(faults.failing_makes)) return IoStatus::failed;
    if (find(name) != nullptr) return IoStatus::ok;
    if (!power_->spend()) return IoStatus::no_card;
    become(name, Node{true, 0, {}});
    return IoStatus::ok;
}

IoStatus FakeCard::list(std::string_view folder, Visitor& visitor) {
    const IoStatus status = fault(folder, false);
    if (status != IoStatus::ok) return status;
    const Node* node = find(std::string(folder));
    if (node == nullptr || !node->is_folder) return IoStatus::not_found;
    ++counts.lists;
    for (const auto& [path, name] : names_) {
        if (path == "/" || !name.now() || parent(path) != folder) continue;
        const std::size_t begin = path.rfind('/') + 1;
        if (!visitor.found(path.substr(begin), name.now()->size_bytes, name.now()->is_folder)) break;
    }
    return IoStatus::ok;
}

IoStatus FakeCard::space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    if (faults.fails_space) return IoStatus::failed;
    const IoStatus status = fault("/", false);
    if (status != IoStatus::ok) return status;
    const std::vector<bool> is_used = used();
    total_bytes = std::uint64_t{sectors_.count()} * sector_bytes;
    free_bytes = static_cast<std::uint64_t>(std::count(is_used.begin(), is_used.end(), false)) * sector_bytes;
    return IoStatus::ok;
}

std::size_t FakeCard::unsynced_names() const {
    return static_cast<std::size_t>(
        std::count_if(names_.begin(), names_.end(), [](const auto& name) { return !name.second.later.empty(); }));
}

std::size_t FakeCard::unsynced() const { return unsynced_names() + sectors_.in_flight(); }

void FakeCard::lose_power(Landing& landing) {
    handles_.clear();
    broken_handles_.clear();
    std::size_t unit = 0;
    for (auto& [path, name] : names_) {
        if (name.later.empty()) continue;
        const std::size_t state = landing.state(unit++, name.later.size());
        if (state != 0) name.durable = name.later[state - 1];
        name.later.clear();
    }
    sectors_.lose_power([&](std::size_t states) { return landing.state(unit, states); },
                        [&] { return landing.torn_bytes(unit++); });
    std::vector<std::string> homes;
    for (const auto& [path, name] : names_) {
        if (name.durable && path != "/") homes.push_back(parent(path));
    }
    for (const std::string& home : homes) {
        if (!names_[home].durable) names_[home].durable = Node{true, 0, {}};
    }
}

std::vector<std::string> FakeCard::paths() const {
    std::vector<std::string> paths;
    for (const auto& [path, name] : names_) {
        if (name.now() && !name.now()->is_folder) paths.push_back(path);
    }
    return paths;
}

std::vector<std::uint8_t> FakeCard::content(const std::string& path) const {
    const Node* node = find(path);
    if (node == nullptr) throw std::logic_error("there is no " + path);
    std::vector<std::uint8_t> content;
    for (const std::uint32_t number : node->sectors) {
        content.insert(content.end(), sectors_[number].begin(), sectors_[number].end());
    }
    content.resize(node->size_bytes);
    return content;
}

void FakeCard::spoil(const std::string& path, std::uint32_t at) {
    const std::uint32_t number = find(path)->sectors.at(at / sector_bytes);
    Sector spoiled = sectors_[number];
    spoiled[at % sector_bytes] ^= 0x10U;
    sectors_.become(number, spoiled);
}

void FakeCard::make_unreadable(const std::string& path, std::uint32_t at) {
    faults.bad_sectors.insert(find(path)->sectors.at(at / sector_bytes));
}

std::uint32_t FakeCard::sector_of(const std::string& path, std::uint32_t at) const {
    return find(path)->sectors.at(at / sector_bytes);
}

void FakeCard::link(const std::string& path, const std::string& to) {
    names_[path].durable = *find(to);
    is_linked_ = true;
}

void FakeCard::put_file(const std::string& path, const std::vector<std::uint8_t>& content) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        make_folder(path.substr(0, slash));
    }
    File file = none;
    const bool is_put = create(path, file) == IoStatus::ok &&
                        grow(file, static_cast<std::uint32_t>(content.size())) == IoStatus::ok &&
                        pwrite(file, 0, {content.data(), content.size()}) == IoStatus::ok && sync(file) == IoStatus::ok;
    if (!is_put) throw std::logic_error("cannot put " + path);
    close(file);
}

void FakeCard::lay_ground(const std::function<Sector(std::uint32_t)>& sector) {
    const std::vector<bool> is_used = used();
    for (std::uint32_t number = 0; number < sectors_.count(); ++number) {
        if (!is_used[number]) sectors_.become(number, sector(number));
    }
}
