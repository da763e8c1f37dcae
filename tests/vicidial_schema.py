"""VICIdial's own tables as its sources make them (db_schema_version 1615), for MariaDB and, by plain types, SQLite."""

from __future__ import annotations

import re

REASON = "'CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','NONE','SYSTEM'"
CLOSER_REASON = (
    "'CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','HOLDRECALLXFER','HOLDTIME','NOAGENT','NONE',"
    "'MAXCALLS','ACFILTER','CLOSETIME'"
)
TABLES = {
    "vicidial_log": f"""
        uniqueid VARCHAR(20) PRIMARY KEY NOT NULL, lead_id INT(9) UNSIGNED NOT NULL, list_id BIGINT(14) UNSIGNED,
        campaign_id VARCHAR(8), call_date DATETIME, start_epoch INT(10) UNSIGNED, end_epoch INT(10) UNSIGNED,
        length_in_sec INT(10), status VARCHAR(6), phone_code VARCHAR(10), phone_number VARCHAR(18), user VARCHAR(20),
        comments VARCHAR(255), processed ENUM('Y','N'), user_group VARCHAR(20),
        term_reason ENUM({REASON}) default 'NONE', alt_dial VARCHAR(6) default 'NONE',
        called_count SMALLINT(5) UNSIGNED default '0'""",
    "vicidial_closer_log": f"""
        closecallid INT(9) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, lead_id INT(9) UNSIGNED NOT NULL,
        list_id BIGINT(14) UNSIGNED, campaign_id VARCHAR(20), call_date DATETIME, start_epoch INT(10) UNSIGNED,
        end_epoch INT(10) UNSIGNED, length_in_sec INT(10), status VARCHAR(6), phone_code VARCHAR(10),
        phone_number VARCHAR(18), user VARCHAR(20), comments VARCHAR(255), processed ENUM('Y','N'),
        queue_seconds DECIMAL(7,2) default '0', user_group VARCHAR(20), xfercallid INT(9) UNSIGNED,
        term_reason ENUM({CLOSER_REASON}) default 'NONE', uniqueid VARCHAR(20) NOT NULL default '',
        agent_only VARCHAR(20) default '', queue_position SMALLINT(4) UNSIGNED default '1',
        called_count SMALLINT(5) UNSIGNED default '0'""",
    "recording_log": """
        recording_id INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, channel VARCHAR(100), server_ip VARCHAR(15),
        extension VARCHAR(100), start_time DATETIME, start_epoch INT(10) UNSIGNED, end_time DATETIME,
        end_epoch INT(10) UNSIGNED, length_in_sec MEDIUMINT(8) UNSIGNED, length_in_min DOUBLE(8,2),
        filename VARCHAR(100), location VARCHAR(255), lead_id INT(9) UNSIGNED, user VARCHAR(20),
        vicidial_id VARCHAR(20)""",
    "vicidial_agent_log": """
        agent_log_id INT(9) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, user VARCHAR(20),
        server_ip VARCHAR(15) NOT NULL, event_time DATETIME, lead_id INT(9) UNSIGNED, campaign_id VARCHAR(8),
        pause_epoch INT(10) UNSIGNED,
        pause_sec SMALLINT(5) UNSIGNED default '0', wait_epoch INT(10) UNSIGNED,
        wait_sec SMALLINT(5) UNSIGNED default '0',
        talk_epoch INT(10) UNSIGNED, talk_sec SMALLINT(5) UNSIGNED default '0', dispo_epoch INT(10) UNSIGNED,
        dispo_sec SMALLINT(5) UNSIGNED default '0', status VARCHAR(6), user_group VARCHAR(20), comments VARCHAR(20),
        sub_status VARCHAR(6), dead_epoch INT(10) UNSIGNED, dead_sec SMALLINT(5) UNSIGNED default '0',
        processed ENUM('Y','N') default 'N', uniqueid VARCHAR(20) default '',
        pause_type ENUM('UNDEFINED','SYSTEM','AGENT','API','ADMIN') default 'UNDEFINED'""",
    "vicidial_statuses": """
        status VARCHAR(6) PRIMARY KEY NOT NULL, status_name VARCHAR(30), selectable ENUM('Y','N'),
        human_answered ENUM('Y','N') default 'N', category VARCHAR(20) default 'UNDEFINED',
        sale ENUM('Y','N') default 'N', dnc ENUM('Y','N') default 'N', customer_contact ENUM('Y','N') default 'N',
        not_interested ENUM('Y','N') default 'N',
        unworkable ENUM('Y','N') default 'N', scheduled_callback ENUM('Y','N') default 'N',
        completed ENUM('Y','N') default 'N', min_sec INT(5) UNSIGNED default '0', max_sec INT(5) UNSIGNED default '0',
        answering_machine ENUM('Y','N') default 'N'""",
    "vicidial_campaign_statuses": """
        status VARCHAR(6) NOT NULL, status_name VARCHAR(30), selectable ENUM('Y','N'), campaign_id VARCHAR(8),
        human_answered ENUM('Y','N') default 'N', category VARCHAR(20) default 'UNDEFINED'""",
    "vicidial_list": """
        lead_id INT(9) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, status VARCHAR(6), user VARCHAR(20),
        vendor_lead_code VARCHAR(20), source_id VARCHAR(50), list_id BIGINT(14) UNSIGNED NOT NULL DEFAULT '0',
        gmt_offset_now DECIMAL(4,2) DEFAULT '0.00', phone_code VARCHAR(10), phone_number VARCHAR(18) NOT NULL,
        first_name VARCHAR(30), last_name VARCHAR(30), address1 VARCHAR(100), state VARCHAR(2), postal_code VARCHAR(10),
        country_code VARCHAR(3), date_of_birth DATE, alt_phone VARCHAR(12), email VARCHAR(70),
        security_phrase VARCHAR(100),
        comments VARCHAR(255), called_count SMALLINT(5) UNSIGNED default '0', last_local_call_time DATETIME,
        `rank` SMALLINT(5) NOT NULL default '0', owner VARCHAR(20) default '', entry_list_id BIGINT(14) UNSIGNED""",
    "vicidial_carrier_log": """
        uniqueid VARCHAR(20) PRIMARY KEY NOT NULL, call_date DATETIME, server_ip VARCHAR(15) NOT NULL,
        lead_id INT(9) UNSIGNED, hangup_cause TINYINT(1) UNSIGNED default '0', dialstatus VARCHAR(16),
        channel VARCHAR(100),
        dial_time SMALLINT(3) UNSIGNED default '0', answered_time SMALLINT(4) UNSIGNED default '0',
        sip_hangup_cause SMALLINT(4) UNSIGNED default '0', sip_hangup_reason VARCHAR(50) default '',
        caller_code VARCHAR(30) default ''""",
    "vicidial_log_extended": """
        uniqueid VARCHAR(50) PRIMARY KEY NOT NULL, server_ip VARCHAR(15), call_date DATETIME, lead_id INT(9) UNSIGNED,
        caller_code VARCHAR(30) NOT NULL, custom_call_id VARCHAR(100)""",
}
ARCHIVED = ["vicidial_log", "vicidial_closer_log", "recording_log", "vicidial_agent_log"]


def statements(dialect: str) -> list[str]:
    """CREATE TABLE for every table and archive; archives are `created LIKE` the live ones."""
    made = [f"CREATE TABLE {name} ({_for(dialect, columns)})" for name, columns in TABLES.items()]
    return made + [f"CREATE TABLE {name}_archive ({_for(dialect, TABLES[name])})" for name in ARCHIVED]


def _for(dialect: str, columns: str) -> str:
    if dialect != "sqlite":
        return columns
    columns = re.sub(r"ENUM\([^)]*\)", "TEXT", columns)
    columns = re.sub(r"INT\(\d+\) UNSIGNED AUTO_INCREMENT PRIMARY KEY", "INTEGER PRIMARY KEY", columns)
    columns = re.sub(r"\w*INT\(\d+\)", "INTEGER", columns)
    return columns.replace(" UNSIGNED", "").replace("DOUBLE(8,2)", "DOUBLE")
