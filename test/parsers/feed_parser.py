"""An example parser under test: ITCH 5.0 and MDP 3.0 from standard input to NDJSON, with the standard library alone.

Reads a pcap of UDP over IPv4 (MoldUDP64 or MDP 3.0, with `--layout FILE`), a BinaryFILE, or with `--udp PORT` datagrams on
127.0.0.1 until it is told to end. The layout of MDP's templates is a text, a line a message, group or field. Numbers that
are missing and packets that cannot be what they say are reported, lines among the others. It puts no fragments together.
The variable BUG plants one mistake, by name, for tests of the tests.
"""
import json
import os
import signal
import socket
import struct
import sys

BUG = os.environ.get('BUG', '')
# T is 48 bits, I, H and Q unsigned integers of 32, 16 and 64, a number text of so many bytes.
HEAD = 'stockLocate:H trackingNumber:H timestamp:T '
SIZES = {'H': 2, 'I': 4, 'T': 6, 'Q': 8}
ITCH = {
    'S': ('SystemEvent', 'eventCode:1'),
    'R': ('StockDirectory', 'stock:8 marketCategory:1 financialStatusIndicator:1 roundLotSize:I roundLotsOnly:1 '
          'issueClassification:1 issueSubType:2 authenticity:1 shortSaleThresholdIndicator:1 '
          'ipoFlag:1 luldReferencePriceTier:1 etpFlag:1 etpLeverageFactor:I inverseIndicator:1'),
    'H': ('StockTradingAction', 'stock:8 tradingState:1 reserved:1 reason:4'),
    'Y': ('RegShoRestriction', 'stock:8 regShoAction:1'),
    'L': ('MarketParticipantPosition', 'mpid:4 stock:8 primaryMarketMaker:1 marketMakerMode:1 marketParticipantState:1'),
    'V': ('MwcbDeclineLevel', 'level1:Q level2:Q level3:Q'),
    'W': ('MwcbStatus', 'breachedLevel:1'),
    'K': ('QuotingPeriodUpdate', 'stock:8 ipoQuotationReleaseTime:I ipoQuotationReleaseQualifier:1 ipoPrice:I'),
    'J': ('LuldAuctionCollar', 'stock:8 auctionCollarReferencePrice:I upperAuctionCollarPrice:I '
          'lowerAuctionCollarPrice:I auctionCollarExtension:I'),
    'h': ('OperationalHalt', 'stock:8 marketCode:1 operationalHaltAction:1'),
    'A': ('AddOrder', 'orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I'),
    'F': ('AddOrderMpid', 'orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I attribution:4'),
    'E': ('OrderExecuted', 'orderReferenceNumber:Q executedShares:I matchNumber:Q'),
    'C': ('OrderExecutedWithPrice', 'orderReferenceNumber:Q executedShares:I matchNumber:Q printable:1 executionPrice:I'),
    'X': ('OrderCancel', 'orderReferenceNumber:Q cancelledShares:I'),
    'D': ('OrderDelete', 'orderReferenceNumber:Q'),
    'U': ('OrderReplace', 'originalOrderReferenceNumber:Q newOrderReferenceNumber:Q shares:I price:I'),
    'P': ('Trade', 'orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I matchNumber:Q'),
    'Q': ('CrossTrade', 'shares:Q stock:8 crossPrice:I matchNumber:Q crossType:1'),
    'B': ('BrokenTrade', 'matchNumber:Q'),
    'I': ('NetOrderImbalanceIndicator', 'pairedShares:Q imbalanceShares:Q imbalanceDirection:1 stock:8 farPrice:I nearPrice:I '
          'currentReferencePrice:I crossType:1 priceVariationIndicator:1'),
    'N': ('RetailInterest', 'stock:8 interestFlag:1'),
    'O': ('DirectListingWithCapitalRaise', 'stock:8 openEligibilityStatus:1 minimumAllowablePrice:I maximumAllowablePrice:I '
          'nearExecutionPrice:I nearExecutionTime:Q lowerPriceRangeCollar:I upperPriceRangeCollar:I'),
}


class Rejected(Exception):
    """A packet, or a part of it, that cannot be what it says."""


def read_itch(data):
    """The values of a message of ITCH; None where its type or length is unknown."""
    letter = chr(data[0]) if data else ''
    if letter not in ITCH or (BUG == 'type-missing' and letter == 'N'):
        return None
    name, fields = ITCH[letter]
    values, at = {'type': letter, 'name': name}, 1
    for field, kind in (row.split(':') for row in (HEAD + fields).split()):
        size = SIZES.get(kind) or int(kind)
        part = data[at:at + size]
        if len(part) < size:
            return None
        values[field] = itch_value(field, kind, part)
        at += size
    if BUG == 'swapped-fields':
        values['stockLocate'], values['trackingNumber'] = values['trackingNumber'], values['stockLocate']
    return values if at == len(data) else None


def itch_value(field, kind, part):
    if kind.isdigit():
        text = part.decode('latin-1').rstrip(' ')
        if BUG == 'text-cut' and field == 'stock':
            return text[:-1]
        if BUG == 'side-inverted' and field == 'buySellIndicator':
            return {'B': 'S', 'S': 'B'}.get(text, text)
        return text
    number = int.from_bytes(part, 'big')
    if BUG == 'sign' and field == 'shares' and number >= 1 << 31:
        number -= 1 << 32
    if BUG == 'endianness' and field == 'matchNumber':
        number = int.from_bytes(part, 'little')
    if BUG == 'timestamp-32' and field == 'timestamp':
        number &= 0xffffffff
    if BUG == 'wrong-scale' and field == 'price':
        number *= 100
    if BUG == 'through-float' and field == 'orderReferenceNumber':
        number = int(float(number))
    if BUG == 'wrong-scale-8' and field.startswith('level'):
        number *= 10000
    return str(number) if kind == 'Q' else number


class Mdp:
    """Templates from the layout text: blocks of fields by template id."""

    def __init__(self, path):
        self.messages = {}
        block = None
        with open(path, encoding='latin-1') as lines:
            for line in lines:
                word, *rest = line.rstrip('\n').split('|')
                if word == 'M':
                    message = {'id': int(rest[0]), 'name': rest[1], 'until': int(rest[2]), 'length': int(rest[3]),
                               'least': lengths(rest[4]), 'fields': [], 'groups': []}
                    self.messages[message['id']] = block = message
                elif word == 'G':
                    block = {'name': rest[0], 'since': int(rest[1]), 'size': int(rest[2]), 'count_at': int(rest[3]),
                             'least': lengths(rest[4]), 'fields': []}
                    message['groups'].append(block)
                elif word == 'F':
                    block['fields'].append(Field(rest))

    def read(self, data):
        """The values of a message, its header first; None where its template is unknown. Raises Rejected."""
        if len(data) < 8:
            raise Rejected
        length, template, schema, version = struct.unpack_from('<HHHH', data)
        message = self.messages.get(template)
        if message is None or schema != 1 or version > message['until']:
            return None
        values = {'type': str(template), 'name': message['name'], 'version': version}
        if 8 + length > len(data) or (version <= 13 and length < least(message, version)):
            raise Rejected
        if BUG == 'block-length-ignored':
            length = message['length']
        values.update(self.block(message, data, 8, length, version))
        at = 8 + length
        for group in message['groups']:
            if group['since'] > version:
                values[group['name']] = None
                continue
            size = group['size']
            if at + size > len(data):
                raise Rejected
            stride = int.from_bytes(data[at:at + 2], 'little')
            count = data[at + group['count_at']]
            at += size
            if at + stride * count > len(data) or (count and version <= 13 and stride < least(group, version)):
                raise Rejected
            shown = data[at - size + 2] if BUG == 'dimension-3' else count
            values[group['name']] = self.entries(group, data, at, stride, shown, version)
            at += stride * count
        if version <= 13 and at != len(data):
            raise Rejected
        return values

    def entries(self, group, data, at, stride, count, version):
        if BUG == 'entry-dropped' and count > 1:
            count -= 1
        step = stride + 1 if BUG == 'stride-off' else stride
        return [self.block(group, data, at + index * step, stride, version) for index in range(count)]

    def block(self, block, data, at, length, version):
        values = {}
        for field in block['fields']:
            is_later = field.since > version and BUG != 'since-ignored'
            if is_later or field.offset + field.size > length:
                values[field.name] = None
            else:
                values[field.name] = field.value(data, at + field.offset)
        return values


def lengths(text):
    return {int(version): int(length) for version, length in (pair.split(':') for pair in text.split(','))}


def least(block, version):
    return block['least'].get(version, 0)


class Field:
    """One field: name, since, offset, size, kind, null, exponent or constant, members."""

    def __init__(self, rest):
        self.name, since, offset, size, self.kind, null, self.extra = rest[:7]
        self.since, self.offset, self.size = int(since), int(offset), int(size)
        self.null = None if null == '' else int(null)
        self.members = [member.split(',') for member in rest[7].split(';')] if len(rest) > 7 else []

    def value(self, data, at):
        if self.kind == 'constant':
            return int(self.extra)
        if self.kind == 'letter':
            return self.extra
        if self.kind == 'text':
            text = data[at:at + self.size].split(b'\0')[0].decode('latin-1')
            return text.rstrip(' ')
        if self.kind == 'char':
            return data[at:at + 1].decode('latin-1').rstrip('\0')
        if self.kind == 'parts':
            return {name: number_at(data, at + int(offset), int(size), False, int(null))
                    for name, offset, size, null in self.members}
        signed = self.kind in ('int', 'decimal')
        if BUG == 'sign' and self.kind == 'int':
            signed = False
        null = None if BUG == 'null-ignored' else self.null
        number = number_at(data, at, self.size, signed, null, BUG == 'endianness' and self.name == 'SecurityID')
        if number is None:
            return None
        if self.kind == 'decimal':
            return decimal(number, int(self.extra) + (2 if BUG == 'wrong-scale' else 0))
        return str(number) if self.size == 8 else number


def number_at(data, at, size, signed, null, is_big=False):
    number = int.from_bytes(data[at:at + size], 'big' if is_big else 'little', signed=signed)
    return None if number == null else number


def decimal(mantissa, exponent):
    sign, digits = ('-', str(-mantissa)) if mantissa < 0 else ('', str(mantissa))
    digits = digits.rjust(1 - exponent, '0')
    whole, part = digits[:exponent], digits[exponent:].rstrip('0')
    return sign + whole + ('.' + part if part else '')


class Numbers:
    """Which number comes next in each numbering; tells what is missing."""

    def __init__(self, report):
        self.report, self.next = report, {}

    def take(self, key, number, count):
        if number == 0:
            return
        due = self.next.get(key, number)
        if number > due and BUG != 'gap-silent':
            self.report('gap', sequence=due, count=number - due + (1 if BUG == 'gap-count' else 0))
        self.next[key] = max(due, number + count)


def mold_packet(numbers, flow, data, emit):
    """Emits the messages of a packet; raises Rejected where it is not all messages, those that are whole are kept."""
    if len(data) < 20:
        raise Rejected
    sequence, count = struct.unpack_from('>QH', data, 10)
    key = (flow, data[:10])
    if count == 0xffff and BUG != 'end-of-session':
        numbers.take(key, sequence, 0)
        if len(data) > 20:
            raise Rejected
        return
    if sequence + count >= 1 << 64:
        raise Rejected
    at, found = 20, 0
    for index in range(count - 1 if BUG == 'last-dropped' and count > 1 else count):
        if BUG == 'end-of-session' and count == 0xffff:
            data[at]
        if at + 2 > len(data):
            break
        length = int.from_bytes(data[at:at + 2], 'big')
        if BUG == 'hang-on-empty' and length == 0:
            while True:
                pass
        if at + 2 + length > len(data):
            break
        emit(sequence + index, read_itch(data[at + 2:at + 2 + length]))
        at += 2 + length
        found += 1
    numbers.take(key, sequence, found)
    if found < count or at < len(data):
        raise Rejected


def mdp_packet(mdp, numbers, flow, data, emit):
    """The same of MDP, whose packets are numbered; 1 begins anew."""
    if len(data) < 12:
        raise Rejected
    sequence, at, is_sound = int.from_bytes(data[:4], 'little'), 12, True
    if sequence == 1:
        numbers.next.pop(flow, None)
    numbers.take(flow, sequence, 1)
    while at + 2 <= len(data):
        size = int.from_bytes(data[at:at + 2], 'little') + (2 if BUG == 'size-excludes-itself' else 0)
        if size < 10 or at + size > len(data):
            raise Rejected
        try:
            emit(sequence, mdp.read(data[at + 2:at + size]))
        except Rejected:
            is_sound = False
        at += size
    if at < len(data) or not is_sound:
        raise Rejected


def udp_payload(frame):
    """Where from and to, and the payload of a UDP datagram over IPv4; None of anything else. Raises Rejected."""
    at, kind = 14, frame[12:14]
    while kind == b'\x81\x00':
        at, kind = at + 4, frame[at + 2:at + 4]
    if kind != b'\x08\x00':
        return None
    if len(frame) < at + 20 or frame[at] >> 4 != 4:
        raise Rejected
    header, total = (frame[at] & 15) * 4, int.from_bytes(frame[at + 2:at + 4], 'big')
    udp = at + header
    if header < 20 or total < header:
        raise Rejected
    if frame[at + 9] != 17:
        return None
    if int.from_bytes(frame[at + 6:at + 8], 'big') & 0x3fff or total < header + 8 or len(frame) < udp + 8:
        raise Rejected
    length = int.from_bytes(frame[udp + 4:udp + 6], 'big')
    if length < 8 or length > total - header:
        raise Rejected
    return frame[at + 12:at + 20] + frame[udp:udp + 4], frame[udp + 8:udp + length], at + total > len(frame)


class Feed:
    """From datagrams, frames or records to lines on standard output."""

    def __init__(self):
        self.mdp = Mdp(sys.argv[sys.argv.index('--layout') + 1]) if '--layout' in sys.argv else None
        self.numbers = Numbers(self.report)

    def report(self, kind, **values):
        sys.stdout.write(json.dumps({'report': kind, **values}) + '\n')

    def rejected(self, **place):
        if BUG != 'reject-silent':
            self.report('reject', **place)

    def emit(self, sequence, values):
        if values is not None:
            sys.stdout.write(json.dumps({'sequence': sequence, **values}) + '\n')

    def datagram(self, flow, payload):
        if self.mdp is None:
            mold_packet(self.numbers, flow, payload, self.emit)
        else:
            mdp_packet(self.mdp, self.numbers, flow, payload, self.emit)

    def pcap(self, source):
        source.read(20)
        packet = 0
        while len(record := source.read(16)) == 16:
            packet += 1
            try:
                found = udp_payload(source.read(int.from_bytes(record[8:12], 'little')))
                if found is not None:
                    flow, payload, is_cut = found
                    self.datagram(flow, payload)
                    if is_cut:
                        raise Rejected
            except Rejected:
                self.rejected(packet=packet)

    def binary_file(self, data):
        at, number = 0, 0
        while at + 2 <= len(data):
            length = int.from_bytes(data[at:at + 2], 'big')
            if at + 2 + length > len(data) or (length == 0 and at + 2 < len(data)):
                return self.rejected(packet=number + 1)
            if length == 0:
                return
            number += 1
            self.emit(number, read_itch(data[at + 2:at + 2 + length]))
            at += 2 + length

    def udp(self, port):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.bind(('127.0.0.1', port))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        print('ready', file=sys.stderr, flush=True)
        while True:
            payload, sender = receiver.recvfrom(65536)
            try:
                self.datagram(sender, payload)
            except Rejected:
                self.rejected()
            sys.stdout.flush()


def main():
    feed, source = Feed(), sys.stdin.buffer
    if '--udp' in sys.argv:
        feed.udp(int(sys.argv[sys.argv.index('--udp') + 1]))
    head = source.read(4)
    if head in (b'\x4d\x3c\xb2\xa1', b'\xd4\xc3\xb2\xa1'):
        feed.pcap(source)
    else:
        feed.binary_file(head + source.read())


main()
